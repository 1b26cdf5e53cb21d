"""Which processes run beside the API. A new one is a line here."""

from foundation.settings import Settings
from serving.api.children import Child


def children_of(_settings: Settings) -> list[Child]:
    """Return the processes that `echostream serve` starts with these settings."""
    return []
