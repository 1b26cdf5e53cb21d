"""Allow one writer per lake, by a file lock that the operating system frees when it dies."""

import fcntl
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path
from typing import Any, TextIO

import psutil

from foundation.errors import LakeInUseError
from foundation.settings import Settings
from lakehouse.storage.s3_lease import S3Lease
from schemas.stored_names import LEASE_FILE, RUN_FOLDER

_JVM_ENDS_WITHIN_S = 60.0
_LOOK_EVERY_S = 0.5


class Lease:
    """The lease of this process on a lake; the lease's file names the process and its JVM."""

    def __init__(self, file: TextIO, settings: Settings) -> None:
        self._file = file
        self._former = _read(file)
        self._s3 = S3Lease(settings, self._end_at_once) if settings.is_on_s3 else None
        self._facts: dict[str, Any] = {"pid": os.getpid()} | (
            {"s3_lease": self._s3.id} if self._s3 else {}
        )

    @contextmanager
    def held(self) -> Iterator["Lease"]:
        """Hold the lease until the block ends; for a lake on S3, also hold the lease there."""
        with self._s3.held(self._former.get("s3_lease")) if self._s3 else nullcontext():
            _write(self._file, self._facts)
            yield self
        _write(self._file, {})

    def name_jvm(self, pid: int) -> None:
        """Note the JVM that writes for this process, since the JVM may outlive it for a moment."""
        self._facts["jvm"] = pid
        _write(self._file, self._facts)

    def _end_at_once(self) -> None:
        """Kill this process and its JVM, because another process may write the lake from now on."""
        sys.stderr.write(
            "error: the lease of the lake was lost; the next run continues where this one stopped\n"
        )
        sys.stderr.flush()
        for pid in (self._facts.get("jvm"), os.getpid()):
            if pid:
                os.kill(pid, signal.SIGKILL)


@contextmanager
def hold_lake(
    settings: Settings,
    *,
    wait_s: float = 0.0,
    on_wait: Callable[[LakeInUseError], None] = lambda _: None,
) -> Iterator[Lease]:
    """Hold the lake for writing until the block ends.

    >>> with hold_lake(settings, wait_s=60.0):
    ...     compact(settings)

    Args:
        settings: those of the lake.
        wait_s: how long to wait while another process holds it.
        on_wait: called once, with the error that names the holder, before the wait begins.

    Raises:
        LakeInUseError: another process still holds the lake after the wait.
        StoreUnreachableError: the lake is on S3, which does not answer.
    """
    until = time.monotonic() + wait_s
    is_told = False
    with ExitStack() as holding:
        while True:
            try:
                lease = holding.enter_context(_hold_now(settings))
                break
            except LakeInUseError as error:
                if wait_s > 0 and not is_told:
                    on_wait(error)
                    is_told = True
                left_s = until - time.monotonic()
                if left_s <= 0:
                    raise
            # A file lock has no deadline and S3 sends no notice, so both are tried again and again.
            time.sleep(min(_LOOK_EVERY_S, left_s))
        yield lease


@contextmanager
def _hold_now(settings: Settings) -> Iterator[Lease]:
    # The file lies in the lake where that is a folder: another home may use the same lake.
    folder = settings.home / RUN_FOLDER if settings.is_on_s3 else Path(settings.lake_uri)
    file = folder / LEASE_FILE
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a+", encoding="utf-8") as opened:
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LakeInUseError(
                f"process {_read(opened).get('pid', '?')} already writes the lake"
                f" {settings.lake_uri}",
                remedy="Stop it first: each table has one writer",
            ) from None
        _wait_for_jvm(_read(opened).get("jvm"), settings)
        with Lease(opened, settings).held() as lease:
            yield lease


def _wait_for_jvm(pid: int | None, settings: Settings) -> None:
    """Wait for a JVM whose Python process was killed: it ends soon, and may write until then."""
    until = time.monotonic() + _JVM_ENDS_WITHIN_S
    while pid is not None and _is_java(pid):
        if time.monotonic() > until:
            raise LakeInUseError(
                f"process {pid}, left by a run that was killed, still writes the lake"
                f" {settings.lake_uri}",
                remedy=f"kill {pid}",
            )
        time.sleep(0.2)  # only a parent process can wait for a process to end


def _is_java(pid: int) -> bool:
    try:
        words = psutil.Process(pid).cmdline()
    except psutil.Error:  # the process ended
        return False
    return "java" in words[0] if words else False


def _read(file: TextIO) -> dict[str, Any]:
    file.seek(0)
    try:
        content: dict[str, Any] = json.loads(file.read() or "{}")
    except ValueError:
        return {}
    return content


def _write(file: TextIO, content: dict[str, Any]) -> None:
    file.seek(0)
    file.truncate()
    json.dump(content, file)
    file.flush()
