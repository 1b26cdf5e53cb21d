"""Limit the work that one text may cost.

Expressions in linear time are the first defence. The limit is the second one, against expressions
that are not. It uses signals, because no other thread could interrupt a runaway expression; they
need the main thread, in which Spark's Python workers run.

The limit counts CPU time, so that a text has the same fate on a busy machine and when its batch is
repeated. A text that waits instead of working is ended by the wall clock, after three times as
long.
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
_PATIENCE = 3  # factor from the limit of CPU time to that of wall-clock time


class _OvertimeError(BaseException):
    """Raised by a timer; no Exception, so that code on the way does not catch it."""


class TimeLimit:
    """Limits each piece of work in this block; timers of other code continue afterwards.

    >>> with TimeLimit(10.0) as limit:
    ...     spans = limit.attempt(find, text)
    """

    def __init__(self, seconds: float) -> None:
        """Allow each piece of work this many `seconds` of CPU time."""
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
        """Return the result of the work; None if it raises or takes too long."""
        try:
            # Each timer fires once: with an interval, signals could pile up.
            signal.setitimer(signal.ITIMER_VIRTUAL, self.seconds)
            signal.setitimer(signal.ITIMER_REAL, self.seconds * _PATIENCE)
            try:
                return work(*args, **kwargs)
            finally:
                _silence()
        except (Exception, _OvertimeError):  # whatever fails, the text does not pass
            _silence()  # one timer may have fired before the other was stopped
            return None


def _silence() -> None:
    for timer in _TIMERS:
        signal.setitimer(timer, 0)


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise _OvertimeError
