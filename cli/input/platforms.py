"""A platform that a user names."""

from foundation.errors import UsageError
from ingestion.platform import Platform
from ingestion.platforms import PLATFORMS


def platform_of(name: str) -> Platform:
    """Return the platform of that name.

    Raises:
        UsageError: there is none.
    """
    if name not in PLATFORMS:
        names = ", ".join(PLATFORMS)
        raise UsageError(f"no platform {name}", remedy=f"Name one of: {names}")
    return PLATFORMS[name]
