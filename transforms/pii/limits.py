"""A hard limit to the time that one text may take.

Linear-time expressions are the first defence; this is the second, for whatever was overlooked. A signal reaches
also an expression that runs away, which no other thread could interrupt. Spark's Python workers work in the main
thread, as signals need it.
"""

import signal
import time
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import ParamSpec, Self, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class _OvertimeError(BaseException):
    """No Exception, so that nobody on the way takes it for one of theirs."""


class TimeLimit:
    """Within this block each piece of work ends in time; another's timer goes on afterwards."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def __enter__(self) -> Self:
        self._began = time.monotonic()
        self._handler = signal.signal(signal.SIGALRM, _interrupt)
        self._timer = signal.setitimer(signal.ITIMER_REAL, 0)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        signal.signal(signal.SIGALRM, self._handler)
        left, interval = self._timer
        if left:
            signal.setitimer(signal.ITIMER_REAL, max(left - (time.monotonic() - self._began), 0.001), interval)

    def attempt(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T | None:
        """What the work answers; None where it raises or takes too long."""
        try:
            signal.setitimer(signal.ITIMER_REAL, self.seconds)  # once: an interval could storm
            try:
                return work(*args, **kwargs)
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
        except (Exception, _OvertimeError):  # whatever goes wrong: the text does not pass
            return None


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise _OvertimeError
