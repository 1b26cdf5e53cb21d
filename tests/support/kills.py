"""Kill a job in this process at one of its crash points."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from foundation import crash_points


class KilledError(BaseException):
    """Replaces SIGKILL, which would end the tests. No handler of ours catches it."""


@contextmanager
def killing(point: str) -> Iterator[None]:
    """Kill the code in the block when it reaches the crash point. Fail if it does not."""
    reached = []
    original = crash_points.crash_point

    def crash_point(_job: str, name: str, *_: Any, **__: Any) -> None:
        reached.append(name)
        if name == point:
            raise KilledError

    with pytest.MonkeyPatch.context() as patch:
        for module in list(sys.modules.values()):
            # each module with crash points has imported the function by its name
            if getattr(module, "__dict__", {}).get("crash_point") is original:
                patch.setattr(module, "crash_point", crash_point)
        with pytest.raises(KilledError):
            yield
    assert reached[-1] == point, f"killed at {reached[-1]}, not at {point}"
