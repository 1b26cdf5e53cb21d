"""Read the tombstones that `bronze_to_silver` publishes to producers, and report deletions back.

Each line of <lake>/_erasures/graves/<erasure>.jsonl is a tombstone: platform, post_key or
author_key, and the version up to which it blocks. A producer writes the number of its deletions to
<lake>/_erasures/done/, and the job adds it to the receipt.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from foundation.errors import PayloadFileError
from foundation.keys import PseudonymKey
from ingestion.kafka.records import lasting_day
from ingestion.platform import AuthorDelete, Mapped, Platform, Post
from schemas.epoch import to_datetime

# µs, 9999-12-31; a test compares it with transforms/suppression.py.
FOREVER = 253_402_214_400_000_000


@dataclass(frozen=True, slots=True)
class TombstoneSet:
    """One platform's part of an erasure: the highest version that each pseudonym blocks."""

    erasure_id: str
    posts: Mapping[str, int] = field(default_factory=dict)
    authors: Mapping[str, int] = field(default_factory=dict)

    @property
    def is_forever(self) -> bool:
        """Return whether a person requested the erasure, so that no version may come back."""
        return FOREVER in (*self.posts.values(), *self.authors.values())


@dataclass(frozen=True)
class TombstoneFiles:
    """A lake's tombstone files, on any of Arrow's file systems."""

    files: Any  # a pyarrow.fs.FileSystem; Arrow declares no types
    root: str  # of the lake
    known: dict[tuple[object, ...], TombstoneSet] = field(
        default_factory=dict, repr=False
    )  # files that were read and have not changed

    def of(self, platform: str) -> Iterator[TombstoneSet]:
        """Yield every erasure's part for the platform, which may be empty.

        Raises:
            PayloadFileError: a file is damaged.
        """
        from pyarrow import fs  # noqa: PLC0415  # takes half a second; few commands need it

        infos = self.files.get_file_info(
            fs.FileSelector(f"{self.root}/_erasures/graves", allow_not_found=True)
        )
        for info in sorted(infos, key=lambda info: str(info.path)):
            if not info.is_file or not info.path.endswith(".jsonl"):
                continue
            state = (platform, info.path, info.mtime_ns, info.size)
            try:
                if state not in self.known:
                    self.known[state] = self._read(info.path, platform)
            except FileNotFoundError:
                continue  # the job deleted it meanwhile
            yield self.known[state]

    def _read(self, path: str, platform: str) -> TombstoneSet:
        name = path.rpartition("/")[2].removesuffix(".jsonl")
        try:
            with self.files.open_input_stream(path, compression=None) as stream:
                lines = [json.loads(line) for line in bytes(stream.read()).splitlines()]
            of_platform = [line for line in lines if line["platform"] == platform]
            return TombstoneSet(
                name, _highest(of_platform, "post_key"), _highest(of_platform, "author_key")
            )
        except FileNotFoundError:
            raise
        except (OSError, ValueError, KeyError, TypeError):
            raise PayloadFileError(
                f"the erasure's file _erasures/graves/{name}.jsonl is damaged",
                remedy="Remove it and run the streams: they write it again",
            ) from None

    def record_done(
        self, erasure_id: str, platform: str, by: str, counts: Mapping[str, int]
    ) -> None:
        """Write the numbers of deletions for the receipt, also zeros; a repeat replaces them."""
        folder = f"{self.root}/_erasures/done"
        path = f"{folder}/{erasure_id}.{platform}.{by}.json"
        if not any(counts.values()) and self.files.get_file_info(path).is_file:
            return  # a killed run wrote it, and its counts are the true ones
        is_local = self.files.type_name == "local"
        if is_local:  # an object store has no folders, and our roles may not create any there
            self.files.create_dir(folder, recursive=True)
        first = f"{path}.new" if is_local else path
        with self.files.open_output_stream(first, compression=None) as stream:
            stream.write(
                json.dumps(
                    {"erasure_id": erasure_id, "platform": platform, "counts": dict(counts)}
                ).encode()
            )
        if is_local:
            self.files.move(first, path)


class TombstoneMatcher:
    """Decides whether one of these tombstones blocks a mapped payload."""

    def __init__(
        self,
        platform: Platform,
        owner: str,
        key: PseudonymKey,
        tombstones: Sequence[TombstoneSet],
    ) -> None:
        """Merge the tombstones of all erasures.

        Args:
            platform: the platform of the payloads.
            owner: the owner of the posts.
            key: the pseudonym key; tombstones may be older than its last rotation.
            tombstones: the erasures' parts for this platform.
        """
        self._platform = platform
        self._owner = owner
        self._key = key
        self._posts = _merged([part.posts for part in tombstones])
        self._authors = _merged([part.authors for part in tombstones])

    def knows_post(self, post_id: str) -> bool:
        """Return whether a tombstone names the post, whatever the version."""
        return not self._posts.keys().isdisjoint(self._post_keys(post_id))

    def blocks(self, mapped: Mapped, observed_at: int) -> bool:
        """Return whether a tombstone blocks a mapped payload, by the same rule as for the tables.

        If the platform does not date edits, the time of observation counts as the version.
        """
        if isinstance(mapped, AuthorDelete):
            return mapped.version <= self._author_until(mapped.author_id)
        if not isinstance(mapped, Post):
            return False
        version = mapped.version if self._platform.dates_edits else max(mapped.version, observed_at)
        if version <= _until(self._posts, self._post_keys(mapped.post_id)):
            return True
        if mapped.author_id is None:
            return False
        until = self._author_until(mapped.author_id)
        if until >= FOREVER:
            return True
        return mapped.version <= until and self._day(mapped, observed_at) <= _day_of(until)

    def _post_keys(self, post_id: str) -> list[str]:
        return self._key.post_keys(self._owner, self._platform.name, post_id)

    def _author_until(self, author_id: str) -> int:
        keys = self._key.author_keys(self._owner, self._platform.name, author_id)
        return _until(self._authors, keys)

    def _day(self, post: Post, observed_at: int) -> date:
        day = lasting_day(self._platform.name, post, observed_at)
        return date.fromisoformat(day) if day else date.max


def _until(tombstones: Mapping[str, int], keys: Iterable[str]) -> int:
    """Return the highest version that tombstones of any of these keys block; -1 if none blocks."""
    return max((tombstones.get(key, -1) for key in keys), default=-1)


def _highest(lines: list[dict[str, Any]], name: str) -> dict[str, int]:
    return _merged([{line[name]: int(line["version"])} for line in lines if line[name]])


def _merged(tombstones: list[Mapping[str, int]]) -> dict[str, int]:
    merged: dict[str, int] = {}
    for part in tombstones:
        for key, version in part.items():
            merged[key] = max(version, merged.get(key, -1))
    return merged


def _day_of(until: int) -> date:
    return date.min if until < 0 else to_datetime(until).date()
