"""Signals that users and service managers send."""

import signal
from types import FrameType
from typing import NoReturn


def interrupt_on_sigterm() -> None:
    """Take SIGTERM as Ctrl-C is taken: the command ends in good order."""
    signal.signal(signal.SIGTERM, _interrupt)


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt
