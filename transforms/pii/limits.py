"""A hard limit to the work that one text may cost.

Linear-time expressions are the first defence; this is the second, for expressions that were
overlooked. A signal also stops a runaway expression, which no other thread could interrupt. Spark's
Python workers run in the main thread, as signals need it.

The limit counts CPU time: a busy machine makes no text a slow one, so that a text has the same fate
when its batch is replayed. A text that waits instead of working ends by the clock, three times as
late.
"""

import signal
import time
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import ParamSpec, Self, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


_TIMERS = (signal.ITIMER_VIRTUAL, signal.ITIMER_REAL)
_SIGNALS = (signal.SIGVTALRM, signal.SIGALRM)
_PATIENCE = 3  # times as long by the clock


class _OvertimeError(BaseException):
    """No Exception, so that nobody on the way takes it for one of theirs."""


class TimeLimit:
    """Within this block each piece of work ends in time; another's timers go on afterwards."""

    def __init__(self, seconds: float) -> None:
        """Allow so many `seconds` of CPU time."""
        self.seconds = seconds

    def __enter__(self) -> Self:
        self._began = time.monotonic()
        self._handlers = [signal.signal(number, _interrupt) for number in _SIGNALS]
        self._timers = [signal.setitimer(timer, 0) for timer in _TIMERS]
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        for number, handler in zip(_SIGNALS, self._handlers, strict=True):
            signal.signal(number, handler)
        for timer, (left, interval) in zip(_TIMERS, self._timers, strict=True):
            if left:
                signal.setitimer(
                    timer, max(left - (time.monotonic() - self._began), 0.001), interval
                )

    def attempt(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T | None:
        """Return the result of the work; None where it raises or takes too long."""
        try:
            # Each rings once: an interval could storm.
            signal.setitimer(signal.ITIMER_VIRTUAL, self.seconds)
            signal.setitimer(signal.ITIMER_REAL, self.seconds * _PATIENCE)
            try:
                return work(*args, **kwargs)
            finally:
                _silence()
        except (Exception, _OvertimeError):  # whatever goes wrong: the text does not pass
            _silence()  # one may have rung while the other was still to be silenced
            return None


def _silence() -> None:
    for timer in _TIMERS:
        signal.setitimer(timer, 0)


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise _OvertimeError
