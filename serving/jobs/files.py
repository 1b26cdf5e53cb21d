"""Read and write a job's files: its input, and per chunk a file of results and of dead letters.

They are in `ECHOSTREAM_HOME/jobs/<job_id>`, which only the owner may read. A chunk's file is
written atomically. All workers write the same bytes, so a worker that takes over a job may write
it again.
"""

import csv
import errno
import io
import math
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, Literal

import orjson

from foundation import clock
from foundation.csv_cells import neutral_cell
from foundation.errors import DiskFullError

Kind = Literal["result", "errors"]
RESULT_COLUMNS = (
    "line",
    "id",
    "label",
    "compound",
    "confidence",
    "language",
    "reason",
    "scorer",
    "scorer_version",
    "pii",
)
ERROR_COLUMNS = ("line", "code")
_COLUMNS: dict[Kind, tuple[str, ...]] = {"result": RESULT_COLUMNS, "errors": ERROR_COLUMNS}
_FULL = (errno.ENOSPC, errno.EDQUOT)
_BLOCK_BYTES = 256 * 1024


class JobFiles:
    """Accesses the files of all jobs of a home.

    >>> JobFiles(settings.home).json_lines(job.job_id, job.chunks, "result")
    """

    def __init__(self, home: Path) -> None:
        self._root = home / "jobs"

    def folder(self, job_id: str) -> Path:
        """Return a job's folder."""
        return self._root / job_id

    def make(self, job_id: str) -> Path:
        """Create a job's folder and return the path for its input."""
        with disk():
            self._root.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.folder(job_id).mkdir(mode=0o700)
        return self.folder(job_id) / "input"

    def open_input(self, job_id: str) -> BinaryIO:
        """Open a job's input.

        Raises:
            FileNotFoundError: it was deleted.
        """
        return (self.folder(job_id) / "input").open("rb", buffering=_BLOCK_BYTES)

    def remove_input(self, job_id: str) -> None:
        """Delete the texts of a job that has ended."""
        (self.folder(job_id) / "input").unlink(missing_ok=True)

    def remove(self, job_id: str) -> bool:
        """Delete all files of a job. Return False if some could not be deleted."""
        folder = self.folder(job_id)
        shutil.rmtree(folder, ignore_errors=True)
        return not folder.exists()

    def write_chunk(self, job_id: str, chunk: int, kind: Kind, body: bytes) -> None:
        """Write a chunk's file atomically.

        Raises:
            DiskFullError: the disk is full.
            FileNotFoundError: the job was deleted.
        """
        file = self._chunk(job_id, chunk, kind)
        draft = file.with_name(f"{file.name}.{os.getpid()}")
        with disk():
            try:
                with draft.open("wb") as out:
                    out.write(body)
                    out.flush()
                    os.fsync(out.fileno())
                draft.replace(file)
            finally:
                draft.unlink(missing_ok=True)

    def json_lines(self, job_id: str, chunks: int, kind: Kind) -> Iterator[bytes]:
        """Yield a job's results or errors as JSON lines, chunk by chunk."""
        for chunk in range(chunks):
            with suppress(FileNotFoundError):  # a chunk without dead letters has no such file
                yield self._chunk(job_id, chunk, kind).read_bytes()

    def csv(self, job_id: str, chunks: int, kind: Kind) -> Iterator[bytes]:
        """Yield a job's results or errors as CSV, chunk by chunk, without formulas in cells."""
        columns = _COLUMNS[kind]
        yield _csv_text([columns])
        for body in self.json_lines(job_id, chunks, kind):
            rows = [
                [_cell(row.get(name)) for name in columns]
                for row in map(orjson.loads, body.splitlines())
            ]
            yield _csv_text(rows)

    def orphans(self, older_than_s: float) -> list[str]:
        """Return the ids of folders that old, of which interrupted uploads leave some."""
        if not self._root.is_dir():
            return []
        oldest = clock.file_s() - older_than_s
        return [folder.name for folder in self._root.iterdir() if _changed_at(folder) < oldest]

    def _chunk(self, job_id: str, chunk: int, kind: Kind) -> Path:
        return self.folder(job_id) / f"{chunk:07d}.{kind}.jsonl"


@contextmanager
def disk() -> Iterator[None]:
    """Turn the errors of a full disk into our own.

    Raises:
        DiskFullError: the disk is full.
    """
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise DiskFullError(
                "the disk of ECHOSTREAM_HOME is full", remedy="Make room, then retry the job"
            ) from None
        raise


def _changed_at(folder: Path) -> float:
    try:
        return folder.stat().st_mtime
    except FileNotFoundError:  # another process has deleted it meanwhile
        return math.inf


def _csv_text(rows: Iterable[Sequence[Any]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def _cell(value: Any) -> Any:
    return orjson.dumps(value).decode() if isinstance(value, dict) else neutral_cell(value)
