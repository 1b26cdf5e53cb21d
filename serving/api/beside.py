"""List the processes that run beside the API. Add a new one here."""

from collections.abc import Sequence

from foundation.settings import Settings
from serving.api.children import Child
from serving.api.routes.ingest import socket_path

_UNTIL = "--until-stdin-closes"


def children_of(settings: Settings, program: Sequence[str]) -> list[Child]:
    """Return the processes that `echostream serve` starts with these settings.

    Args:
        settings: the settings of this process.
        program: the arguments after the Python interpreter that start this program with the
            same options.
    """
    receive = ("receive", "--socket", str(socket_path(settings)), _UNTIL)
    workers = [
        Child(f"worker {number}", (*program, "worker", _UNTIL))
        for number in range(1, settings.api.workers + 1)
    ]
    return [Child("receive", (*program, *receive)), *workers]
