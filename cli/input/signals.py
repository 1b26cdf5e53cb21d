"""Signals that users and service managers send."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Thread
from types import FrameType
from typing import NoReturn

INTERRUPTED = 130  # the exit code after Ctrl-C
_GRACE_S = 0.7


def interrupt_on_sigterm() -> None:
    """Take SIGTERM as Ctrl-C is taken: the command ends in good order."""
    signal.signal(signal.SIGTERM, _interrupt)


@contextmanager
def ending_soon(grace_s: float = _GRACE_S) -> Iterator[list[Callable[[], None]]]:
    """End the process soon after Ctrl-C, also while a library keeps Python from noticing it.

    For commands that change nothing, from the main thread: their work is cut off. The list that it
    gives is for functions that stop such a library; another thread calls them.
    """
    stops: list[Callable[[], None]] = []
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    former = signal.set_wakeup_fd(writing)
    Thread(target=_end_after_ctrl_c, args=(reading, stops, grace_s), daemon=True).start()
    try:
        yield stops
    finally:
        stops.clear()  # they may hold what the interpreter looks for at its end
        signal.set_wakeup_fd(former)
        os.close(writing)


def _end_after_ctrl_c(reading: int, stops: list[Callable[[], None]], grace_s: float) -> None:
    while number := os.read(reading, 1):
        if number[0] == signal.SIGINT:
            _call(stops)
            time.sleep(grace_s)  # mostly the process ends by itself meanwhile
            os._exit(INTERRUPTED)
    os.close(reading)


def _call(stops: list[Callable[[], None]]) -> None:
    for stop in stops:
        with suppress(Exception):  # it has ended meanwhile
            stop()


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt
