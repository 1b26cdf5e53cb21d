"""Replay the real recordings of X, Mastodon, Facebook and Instagram.

Tests count in them without a mapper.
"""

import gzip
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from foundation.keys import PseudonymKey
from ingestion.kafka.producer import MemoryProducer
from ingestion.kafka.records import RecordMaker
from ingestion.platforms import PLATFORMS
from ingestion.recordings.replay import ReplayReport, replay
from tests.support.clock import machine_micros

RECORDINGS = Path(__file__).parents[2].parent / "shared" / "data" / "platforms"

needs_recordings = pytest.mark.skipif(
    not RECORDINGS.is_dir(), reason="needs the recordings in ../shared/data/platforms"
)


@cache
def files(platform: str) -> tuple[Path, ...]:
    """Return the files of a platform, sorted."""
    found = [*(RECORDINGS / platform).rglob("*.jsonl.gz"), *(RECORDINGS / platform).rglob("*.json")]
    return tuple(sorted(found))


@cache
def replayed(platform: str, pattern: str = "") -> tuple[ReplayReport, MemoryProducer]:
    """Replay the files with this in their path; return the report and the records."""
    kafka = MemoryProducer()
    maker = RecordMaker(platform=platform, owner="public", key=PseudonymKey(1, b"0" * 32))
    chosen = [file for file in files(platform) if pattern in str(file)]
    assert chosen, "the recordings are there"
    return replay(PLATFORMS[platform], chosen, kafka, maker, machine_micros), kafka


@cache
def events(platform: str) -> list[Any]:
    """Return every event that was sent."""
    return [json.loads(value or b"") for _, _, value, _ in replayed(platform)[1].messages]


@cache
def documents(platform: str, pattern: str = "") -> list[Any]:
    """Return the JSON in the files with this in their path."""
    found = []
    for file in files(platform):
        if pattern in str(file):
            data = file.read_bytes()
            texts = gzip.decompress(data).splitlines() if file.suffix == ".gz" else [data]
            found += [json.loads(text) for text in texts]
    return found


@cache
def text_of(platform: str, pattern: str = "") -> str:
    """Return the files with uniformly spaced JSON, so that regular expressions can count in it."""
    return "\n".join(
        json.dumps(document, separators=(",", ":")) for document in documents(platform, pattern)
    )


def objects(
    value: Any, path: tuple[str, ...] = (), owner: Any = None
) -> Iterator[tuple[Any, tuple[str, ...], Any]]:
    """Yield every object of a document, the names above it, and the object around it."""
    if isinstance(value, dict):
        yield value, path, owner
        for name, inner in value.items():
            yield from objects(inner, (*path, name), value)
    if isinstance(value, list):
        for inner in value:
            yield from objects(inner, path, owner)


def all_objects(platform: str) -> Iterator[tuple[Any, tuple[str, ...], Any]]:
    for document in documents(platform):
        yield from objects(document)
