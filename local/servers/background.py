"""Servers that outlive the command that starts them: one of each name and home, with a log."""

import fcntl
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

from local.host.processes import Process, recall, remember

_POLL_S = 0.2
_LOG_BYTES = 10_000_000


@contextmanager
def one_at_a_time(folder: Path) -> Iterator[None]:
    """Hold a lock: two commands at once would start two servers on one folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def log_of(file: Path) -> Iterator[int]:
    """Open a server's log to append; one that has grown long is put aside first."""
    file.parent.mkdir(parents=True, exist_ok=True)
    if file.exists() and file.stat().st_size > _LOG_BYTES:
        file.replace(file.with_suffix(file.suffix + ".1"))
    with file.open("ab") as out:
        yield out.fileno()


def launch(
    command: Sequence[str],
    *,
    log: int,
    pid_file: Path,
    variables: Mapping[str, str] = MappingProxyType({}),
) -> Process:
    """Start it in a session of its own, so that a Ctrl-C for another command does not end it."""
    pid = os.posix_spawn(
        command[0],
        list(command),
        os.environ | variables,
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_DUP2, log, 1),
            (os.POSIX_SPAWN_DUP2, log, 2),
        ],
        setsid=True,
    )
    return remember(pid, pid_file)


def answers_in_time(
    pid_file: Path, process: Process, answers: Callable[[], bool], *, timeout_s: float
) -> bool | None:
    """Wait until a server answers.

    Returns:
        True when it does, False when it has not within that time, None when it has ended.
    """
    deadline = time.monotonic() + timeout_s
    while recall(pid_file) == process:
        if answers():
            return True
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_S)
    return None
