"""Make a good record with one thing changed, for tests of what becomes of its bytes."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

import orjson

from foundation.policies import policies
from ingestion.platform import AuthorDelete, Post, Unmappable
from schemas.reasons import Reason
from tests.support.made_records import DAY, RULES, SEEN, envelope, post, record
from transforms.decode import decode

SINCE = policies()["reddit"].since
POST = post()
DELETE = Post(post_id="t1_a", op="delete", version=SEEN, created_at=SEEN - 5_000_000)
AUTHOR_DELETE = AuthorDelete(author_id="Fox", version=SEEN)
Bytes = bytes | None


def micros(day: date) -> int:
    """Return the time of its creation, in microseconds since 1970."""
    return (day - date(1970, 1, 1)).days * DAY


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A good record with one thing changed."""

    item: Post | AuthorDelete | Unmappable = POST
    value: Callable[[bytes], Bytes] = lambda value: value
    envelope: dict[str, Any] | None = None

    def decode(self):
        made = record(self.item)
        return decode(self.value(made.value), envelope(made, **(self.envelope or {})), RULES)


@dataclass(frozen=True)
class Bad(Sample):
    """A good record with one thing wrong."""

    stage: str
    reason: Reason


def fields(**changes: Any) -> Callable[[bytes], bytes]:
    """Set fields of the event to these values."""
    return lambda value: orjson.dumps(orjson.loads(value) | changes)


def without(name: str, inside: str | None = None) -> Callable[[bytes], bytes]:
    """Remove a field."""

    def change(value: bytes) -> bytes:
        event = orjson.loads(value)
        del (event[inside] if inside else event)[name]
        return orjson.dumps(event)

    return change


def keys(**changes: Any) -> Callable[[bytes], bytes]:
    """Set pseudonyms of the event to these values."""
    return lambda value: fields(keys=orjson.loads(value)["keys"] | changes)(value)


def extra(json: bytes) -> Callable[[bytes], bytes]:
    """Add an unknown field with this text to the bytes."""
    return lambda value: value[:-1] + b',"extra":' + json + b"}"


def nested(depth: int) -> bytes:
    return b"[" * depth + b"]" * depth


def padded(value: bytes, size: int) -> bytes:
    """Return a record of exactly that size, by its `raw`."""
    return fields(raw="x" * (size - len(fields(raw="")(value))))(value)
