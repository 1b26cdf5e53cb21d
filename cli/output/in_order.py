"""Work in several processes whose results come in the order of what they were given."""

import os
import signal
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context, resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, TypeVar

from foundation.errors import EchoStreamError

T = TypeVar("T")
R = TypeVar("R")
_WAITING = 2  # items a process: one that it works on, and a result that waits for an earlier one
_MOST = 8  # processes; each has its own models in memory
_END_S = 5.0


class HelperError(EchoStreamError):
    """Raised when a process that helps has ended or failed; it never quotes what it worked on."""


@dataclass(frozen=True, slots=True)
class _Failure:
    """An error of the work itself, by its type alone."""

    kind: str


def processes() -> int:
    """Return how many processes use this machine's cores."""
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS
        cores = os.cpu_count() or 1
    return min(cores, _MOST)


def in_order(items: Iterable[T], make: Callable[[], Callable[[T], R]], count: int) -> Iterator[R]:
    """Yield the result of each item, in the items' order; few are in memory at a time.

    Args:
        items: taken one by one, as processes become free.
        make: called once in each process; returns the work.
        count: of processes.

    Raises:
        HelperError: a process has ended, or the work has raised an error.
    """
    numbered = enumerate(items)
    with _helpers(make, count) as helpers:
        idle = list(helpers)
        busy: dict[Connection[Any, Any], int] = {}
        done: dict[int, R] = {}
        due = 0
        is_more = True
        while is_more or busy or done:
            while is_more and idle and len(busy) + len(done) < _WAITING * count:
                number, item = next(numbered, (-1, None))
                is_more = number >= 0
                if is_more:
                    connection = idle.pop()
                    _send(connection, item, helpers)
                    busy[connection] = number
            while due in done:
                yield done.pop(due)
                due += 1
            ready = wait(list(busy)) if busy else []
            for connection in [each for each in busy if each in ready]:
                done[busy.pop(connection)] = _receive(connection, helpers)
                idle.append(connection)


Helpers = dict["Connection[Any, Any]", BaseProcess]


@contextmanager
def _helpers(make: Callable[[], Callable[[T], R]], count: int) -> Iterator[Helpers]:
    """Start processes, each at the other end of its connection; end them."""
    anew = get_context("spawn")  # a fork would copy threads' locks, and macOS forbids it
    helpers: Helpers = {}
    resource_tracker.ensure_running()  # or the first start would undo the next line
    # They inherit this, so that a Ctrl-C is ours alone; an early one waits until all are started.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        for _ in range(count):
            ours, theirs = anew.Pipe()
            process = anew.Process(target=_serve, args=(theirs, make), daemon=True)
            process.start()
            theirs.close()  # or nobody would notice its end
            helpers[ours] = process
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    try:
        yield helpers
    finally:
        for connection, helper in helpers.items():
            connection.close()
            helper.terminate()
        for helper in helpers.values():
            helper.join(_END_S)


def _serve(connection: "Connection[Any, Any]", make: Callable[[], Callable[[T], R]]) -> None:
    """Work until the other end is closed, also by the death of who started this process."""
    try:
        work = make()
        while True:
            item = connection.recv()
            try:
                result: R | _Failure = work(item)
            except Exception as error:  # its text could quote what it worked on
                result = _Failure(type(error).__name__)
            connection.send(result)
    except (EOFError, OSError):
        pass


def _send(connection: "Connection[Any, Any]", item: object, helpers: Helpers) -> None:
    try:
        connection.send(item)
    except OSError:
        raise _ended(helpers[connection]) from None


def _receive(connection: "Connection[Any, Any]", helpers: Helpers) -> Any:
    try:
        result = connection.recv()
    except (EOFError, OSError):
        raise _ended(helpers[connection]) from None
    if isinstance(result, _Failure):
        raise HelperError(
            f"a process that helps failed: internal: {result.kind}", remedy="The output ends there"
        )
    return result


def _ended(process: BaseProcess) -> HelperError:
    process.join(_END_S)
    code = process.exitcode
    how = f"by signal {-code}" if code is not None and code < 0 else f"with code {code}"
    return HelperError(
        f"a process that helps has ended {how}",
        remedy="The output ends before what it worked on. Was it memory? Make room, and run again",
    )
