"""One writer per lake: a lock that the operating system gives back when its holder dies."""

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from foundation.errors import LakeInUseError
from foundation.settings import Settings

_JVM_ENDS_WITHIN_S = 60.0


class Lease:
    """What the holder of the lake may add to it."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def name_jvm(self, pid: int) -> None:
        """Note the JVM that writes for this process: it may outlive it for a moment."""
        _write(self._file, {"pid": os.getpid(), "jvm": pid})


@contextmanager
def hold_lake(settings: Settings) -> Iterator[Lease]:
    """Hold the lake for writing.

    Raises:
        LakeInUseError: another process holds it.
    """
    # In the lake itself where that is a folder: another home may point to the same lake.
    folder = settings.home / "run" if "://" in settings.lake_uri else Path(settings.lake_uri)
    file = folder / "_writer.lock"
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a+", encoding="utf-8") as opened:
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LakeInUseError(
                f"process {_read(opened).get('pid', '?')} already writes the lake {settings.lake_uri}",
                remedy="Stop it first: each table has one writer",
            ) from None
        _wait_for_jvm(_read(opened).get("jvm"), settings)
        _write(opened, {"pid": os.getpid()})
        yield Lease(opened)
        _write(opened, {})


def _wait_for_jvm(pid: int | None, settings: Settings) -> None:
    """A JVM whose Python was killed ends by itself soon; until then it may still write."""
    until = time.monotonic() + _JVM_ENDS_WITHIN_S
    while pid is not None and _is_java(pid):
        if time.monotonic() > until:
            raise LakeInUseError(
                f"process {pid}, left by a run that was killed, still writes the lake {settings.lake_uri}",
                remedy=f"kill {pid}",
            )
        time.sleep(0.2)  # another program's end cannot be waited for otherwise


def _is_java(pid: int) -> bool:
    try:
        return b"java" in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0]
    except OSError:
        return False


def _read(file: TextIO) -> dict[str, int]:
    file.seek(0)
    try:
        found: dict[str, int] = json.loads(file.read() or "{}")
    except ValueError:
        return {}
    return found


def _write(file: TextIO, content: dict[str, int]) -> None:
    file.seek(0)
    file.truncate()
    json.dump(content, file)
    file.flush()
