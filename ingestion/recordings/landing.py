"""The landing folder: raw answers and when they were observed, as files by date and platform.

The path is <lake>/landing/date=2026-11-21/platform=mastodon/<when fetched>-<number>.jsonl.gz. Each
line is an answer or payload with `observed_at`, its endpoint and its query. Loading sends it
through Kafka like everything else. A file is loaded once, and a payload that comes twice has one
event id.
"""

import gzip
import json
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from foundation import clock
from foundation.errors import PayloadFileError
from ingestion.parsing.json_body import parse_json
from ingestion.parsing.json_fields import chunks
from ingestion.platform import Json, Mapped, Platform
from ingestion.reader import Memory, SourceBatch
from schemas.epoch import EPOCH, to_datetime

_LINES = 200  # in one batch of a load
_PART = ".part"
_WRITTEN_WITHIN_S = 3600.0
Blocks = Callable[[Mapped, int], bool]  # a mapper's answer, and when it was observed
_ABOUT = ("source", "endpoint", "query", "observed_at")


def _fetched_at(path: str) -> datetime:
    """Return the time in the file's name; a file with another name counts as old."""
    try:
        return datetime.strptime(
            path.rpartition("/")[2].partition("-")[0], "%Y%m%dT%H%M%S%fZ"
        ).replace(tzinfo=UTC)
    except ValueError:
        return EPOCH


class Landing:
    """One platform's files under a root, on any of Arrow's file systems."""

    def __init__(self, files: Any, root: str, platform: str) -> None:
        """Read and write nothing yet.

        Args:
            files: a `pyarrow.fs.FileSystem`, which declares no types.
            root: the landing folder's path in it.
            platform: whose files.
        """
        self._files = files
        self._root = root.rstrip("/")
        self._platform = platform

    def write(self, batches: Iterable[SourceBatch], now: int) -> Iterator[tuple[str, int]]:
        """Write a file for each batch with documents; yield its relative path and lines."""
        at = to_datetime(now)
        folder = f"date={at:%Y-%m-%d}/platform={self._platform}"
        if self._is_local():  # an object store has no folders, and its roles may make none
            self._files.create_dir(f"{self._root}/{folder}", recursive=True)
        for number, batch in enumerate(batches):
            if batch.documents:
                path = f"{folder}/{at:%Y%m%dT%H%M%S%fZ}-{number:06d}.jsonl.gz"
                self._put(f"{self._root}/{path}", _packed(batch, now))
                yield path, len(batch.documents)

    def lines(self) -> Iterator[tuple[str, dict[str, Json]]]:
        """Yield every line with its file's path, oldest file first.

        Raises:
            PayloadFileError: a file is damaged.
        """
        for path in self._paths():
            for line in self._lines(path):
                yield path, line

    def remove(self, before: datetime, memory: Memory, *, dry_run: bool = False) -> tuple[int, int]:
        """Remove the files that were fetched before that.

        Return how many, and how many stay because no load has sent them.
        """
        old = [path for path in self._paths() if _fetched_at(path) < before]
        loaded = [path for path in old if memory.cursor(f"landing/{path}") is not None]
        for path in () if dry_run else (*loaded, *self._abandoned()):
            self._delete(path)
        return len(loaded), len(old) - len(loaded)

    def read(self, memory: Memory) -> Iterator[SourceBatch]:
        """Yield what was not loaded yet, oldest first; each file has its own cursor.

        Raises:
            PayloadFileError: a file is damaged.
        """
        for path in self._paths():
            source = f"landing/{path}"
            if memory.cursor(source) is not None:
                continue
            for part in chunks(self._lines(path), _LINES):
                about = {name: part[0][name] for name in _ABOUT}  # equal in all lines of a file
                yield SourceBatch(documents=[line["body"] for line in part], **about)
            yield SourceBatch(source=source, cursor="loaded")

    def strip(self, platform: Platform, blocks: Blocks) -> int:
        """Remove the payloads that `blocks` selects, and return how many.

        A file is replaced as a whole, or deleted.

        Raises:
            PayloadFileError: a file is damaged.
        """
        for path in self._abandoned():
            self._delete(path)
        return sum(self._strip_file(path, platform, blocks) for path in self._paths())

    def _strip_file(self, path: str, platform: Platform, blocks: Blocks) -> int:
        kept: list[dict[str, Json]] = []
        removed = 0
        for line in self._lines(path):
            bodies, gone = without_blocked(platform, line["body"], line["observed_at"], blocks)
            removed += gone
            kept += [line | {"body": body} for body in bodies]
        if removed and kept:
            self._put(f"{self._root}/{path}", _compressed(kept))
        elif removed:
            self._delete(path)
        return removed

    def _paths(self) -> list[str]:
        return sorted(path for path, _ in self._found() if path.endswith(".jsonl.gz"))

    def _abandoned(self) -> list[str]:
        """Return the files that killed processes left unfinished: nobody reads their payloads."""
        before = clock.file_s() - _WRITTEN_WITHIN_S
        return [
            path for path, written in self._found() if path.endswith(_PART) and written < before
        ]

    def _found(self) -> Iterator[tuple[str, float]]:
        """Yield the platform's files and when each was written, in seconds since 1970."""
        from pyarrow import fs  # noqa: PLC0415  # half a second that not every command needs

        for info in self._files.get_file_info(
            fs.FileSelector(self._root, recursive=True, allow_not_found=True)
        ):
            path = info.path.removeprefix(f"{self._root}/")
            if info.is_file and f"/platform={self._platform}/" in path:
                yield path, info.mtime_ns / 1e9

    def _delete(self, path: str) -> None:
        with suppress(FileNotFoundError):  # another process deleted it
            self._files.delete_file(f"{self._root}/{path}")

    def _is_local(self) -> bool:
        return bool(self._files.type_name == "local")

    def _lines(self, path: str) -> list[dict[str, Json]]:
        try:
            with self._files.open_input_stream(
                f"{self._root}/{path}", compression="gzip"
            ) as stream:
                lines = [parse_json(line) for line in bytes(stream.read()).splitlines()]
            return [
                {
                    name: line[name]
                    for name in ("source", "body", "endpoint", "query", "observed_at")
                }
                for line in lines
            ]
        except FileNotFoundError:  # another process deleted it meanwhile
            return []
        except (OSError, ValueError, KeyError, TypeError):
            raise PayloadFileError(
                f"the landing file {path} is damaged",
                remedy="Fetch that time again, and move the file away",
            ) from None

    def _put(self, path: str, data: bytes) -> None:
        """Write the whole file at once: by a rename, where the store has renames."""
        is_local = self._is_local()
        # Two processes may strip one file at once.
        first = f"{path}.{os.getpid()}{_PART}" if is_local else path
        with self._files.open_output_stream(first, compression=None) as stream:
            stream.write(data)
        if is_local:
            self._files.move(first, path)


def without_blocked(
    platform: Platform, document: Json, observed_at: int, blocks: Blocks
) -> tuple[list[Json], int]:
    """Return an answer without blocked payloads, and how many it loses.

    The answer stays whole, or is split into its other payloads.
    """
    payloads = list(platform.payloads(document))
    left = [
        payload
        for payload in payloads
        if not blocks(platform.map(payload, observed_at), observed_at)
    ]
    gone = len(payloads) - len(left)
    return (left if gone else [document]), gone


def _packed(batch: SourceBatch, now: int) -> bytes:
    about = {
        "observed_at": now,
        "source": batch.source,
        "endpoint": batch.endpoint,
        "query": batch.query,
    }
    return _compressed({**about, "body": document} for document in batch.documents)


def _compressed(rows: Iterable[dict[str, Json]]) -> bytes:
    lines = [json.dumps(row) for row in rows]
    return gzip.compress("\n".join(lines).encode("utf-8", "surrogatepass"), mtime=0)
