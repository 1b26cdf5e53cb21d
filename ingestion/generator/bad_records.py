"""Make bad records: a good one with a single fault, so that only this fault can be the reason."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import orjson

from ingestion.kafka.records import Record
from ingestion.platform import Post
from schemas.reasons import Reason

_YEAR = 366 * 24 * 3600 * 1_000_000
Headers = list[tuple[str, bytes]]


@dataclass(frozen=True, slots=True)
class RawRecord:
    """A record that no producer of ours would send."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers


@dataclass(frozen=True, slots=True)
class BadRecordKind:
    """One kind of bad record: `bend` changes the post, or `spoil` the record made of it."""

    name: str
    reason: Reason  # under which the jobs must quarantine it
    bend: Callable[[Post, int, int], Post] | None = None  # (post, observed_at, length cap)
    spoil: Callable[[Record], tuple[bytes | None, Headers]] | None = None  # value and headers


def _value(value: bytes | None) -> Callable[[Record], tuple[bytes | None, Headers]]:
    return lambda record: (value, record.headers)


def _bytes(change: Callable[[bytes], bytes]) -> Callable[[Record], tuple[bytes | None, Headers]]:
    return lambda record: (change(record.value), record.headers)


def _fields(**fields: Any) -> Callable[[Record], tuple[bytes | None, Headers]]:
    return lambda record: (orjson.dumps(orjson.loads(record.value) | fields), record.headers)


def _unknown_op(record: Record) -> tuple[bytes | None, Headers]:
    value, headers = _fields(op="upsurt")(record)
    return value, [("op", b"upsurt") if name == "op" else (name, text) for name, text in headers]


def _without_post_key(record: Record) -> tuple[bytes | None, Headers]:
    return record.value, [(name, text) for name, text in record.headers if name != "post_key"]


def _too_long(post: Post, _observed_at: int, cap: int) -> Post:
    text = ("all work and no play makes a dull post. " * (cap // 40 + 1))[: cap + 1]
    return replace(post, text=text, raw={"id": post.post_id, "made": True})


BAD_RECORD_KINDS = (
    BadRecordKind("empty", Reason.EMPTY_VALUE, spoil=_value(b"")),
    BadRecordKind("null", Reason.NULL_VALUE, spoil=_value(None)),
    BadRecordKind(
        "not_utf8",
        Reason.NOT_UTF8,
        spoil=_bytes(lambda value: value.replace(b'"op"', b'"\xff\xfe"', 1)),
    ),
    BadRecordKind(
        "truncated", Reason.MALFORMED_JSON, spoil=_bytes(lambda value: value[: len(value) * 2 // 3])
    ),
    BadRecordKind(
        "wrong_root", Reason.NOT_AN_OBJECT, spoil=_bytes(lambda value: b"[" + value + b"]")
    ),
    BadRecordKind("no_post_key_header", Reason.MISSING_POST_KEY_HEADER, spoil=_without_post_key),
    BadRecordKind("missing_id", Reason.MISSING_ID, spoil=_fields(post_id=None)),
    BadRecordKind("wrong_type", Reason.WRONG_TYPE, spoil=_fields(version="0")),
    BadRecordKind("unknown_op", Reason.UNKNOWN_OP, spoil=_unknown_op),
    BadRecordKind("unknown_platform", Reason.UNKNOWN_PLATFORM, spoil=_fields(platform="orkut")),
    BadRecordKind(
        "unknown_schema_version", Reason.UNKNOWN_SCHEMA_VERSION, spoil=_fields(schema=99)
    ),
    BadRecordKind("text_too_long", Reason.TEXT_TOO_LONG, bend=_too_long),
    BadRecordKind(
        "created_year_ahead",
        Reason.CREATED_IN_FUTURE,
        bend=lambda post, observed_at, _cap: replace(post, created_at=observed_at + _YEAR),
    ),
    BadRecordKind(
        "created_1970",
        Reason.CREATED_BEFORE_1990,
        bend=lambda post, _at, _cap: replace(post, created_at=0),
    ),
)


def bad_record(record: Record, kind: BadRecordKind, topic: str) -> RawRecord:
    """Return the record with the fault that `kind.spoil` makes."""
    value, headers = kind.spoil(record) if kind.spoil else (record.value, record.headers)
    return RawRecord(topic=topic, key=record.key, value=value, headers=headers)
