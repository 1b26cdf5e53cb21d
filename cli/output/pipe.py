"""A standard output whose reader may leave before the end, as `head` does."""

import os
import select
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer

UNREAD = 128 + signal.SIGPIPE  # as the shell says of a program that SIGPIPE ended


@contextmanager
def ending_with_its_reader() -> Iterator[None]:
    """End the process without a word when nobody reads its output any more.

    Another pipe or connection that breaks is an error as any other.
    """
    try:
        try:
            yield
        except typer.Exit:  # as help ends
            _flush()
            raise
        _flush()
    except BrokenPipeError:
        if not _is_unread():
            raise
        # The rest in the buffer is lost at the interpreter's end, which would be said.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(UNREAD)


def _flush() -> None:
    if sys.stdout is not None:  # as it is where it was closed before the start
        sys.stdout.flush()


def _is_unread() -> bool:
    try:
        output = sys.stdout.fileno()
    except (AttributeError, OSError, ValueError):  # closed, or a test's
        return False
    poll = select.poll()
    poll.register(output, select.POLLOUT)
    return any(event & select.POLLERR for _, event in poll.poll(0))
