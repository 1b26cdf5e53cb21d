"""Make bad records, each a good record with one thing wrong, and the verdict that it must get.

The stages and reasons are written out: they are a promise to readers of the quarantine.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import orjson

from tests.support.clock import machine_micros

CAP = 500
DAY = 86_400_000_000
NOW = machine_micros()
MIB = 1024 * 1024
OTHER_KEY = "v1:" + "a" * 26
Headers = list[tuple[str, bytes]]
Spoil = Callable[[bytes, Headers], tuple[bytes | None, Headers]]


def value(change: Callable[[bytes], bytes | None]) -> Spoil:
    """Return other bytes under the same headers."""
    return lambda value, headers: (change(value), headers)


def fields(**changes: Any) -> Spoil:
    """Set fields of the event to other values."""
    return value(lambda value: orjson.dumps(orjson.loads(value) | changes))


def without(field: str) -> Spoil:
    """Remove a field from the event."""
    return value(
        lambda value: orjson.dumps({k: v for k, v in orjson.loads(value).items() if k != field})
    )


def keys(**changes: str | None) -> Spoil:
    """Set other pseudonyms in the event."""
    return value(
        lambda value: orjson.dumps(
            (event := orjson.loads(value)) | {"keys": event["keys"] | changes}
        )
    )


def extra(json: bytes) -> Spoil:
    """Add an unknown field with this text to the bytes."""
    return value(lambda value: value[:-1] + b',"extra":' + json + b"}")


def header(name: str, text: bytes | None) -> Spoil:
    """Set one header to another text, or remove it."""
    return lambda value, headers: (
        value,
        [(n, text if n == name else t) for n, t in headers if n != name or text is not None],
    )


def both(first: Spoil, second: Spoil) -> Spoil:
    """Put one fault in two places."""
    return lambda value, headers: second(*first(value, headers))


def padded(record: bytes, size: int) -> bytes:
    """Return a record of exactly that size, by its `raw`."""
    event = orjson.loads(record)
    return orjson.dumps(event | {"raw": "x" * (size - len(orjson.dumps(event | {"raw": ""})))})


_THE_DAY_AFTER_TOMORROW = datetime.fromtimestamp((NOW + 3 * DAY) / 1e6, UTC).date().isoformat()

POISON: dict[str, tuple[str, str, Spoil]] = {
    # bytes → JSON object
    "empty": ("decode", "empty_value", value(lambda _: b"")),
    "null": ("decode", "null_value", value(lambda _: None)),
    "white space": ("decode", "empty_value", value(lambda _: b" \n\t")),
    "not UTF-8": ("decode", "not_utf8", value(lambda v: v.replace(b"poison", b"\xff\xfe"))),
    "UTF-16": ("decode", "not_utf8", value(lambda v: v.decode().encode("utf-16"))),
    "truncated": ("decode", "malformed_json", value(lambda v: v[:-7])),
    "two documents": ("decode", "malformed_json", value(lambda v: v + v)),
    "a byte order mark": ("decode", "malformed_json", value(lambda v: b"\xef\xbb\xbf" + v)),
    "a NUL byte": ("decode", "malformed_json", value(lambda v: v.replace(b"poison", b"poi\0son"))),
    "a control character": (
        "decode",
        "malformed_json",
        value(lambda v: v.replace(b"poison", b"poi\x1bson")),
    ),
    "NaN": ("decode", "number_out_of_range", extra(b"NaN")),
    "infinity": ("decode", "number_out_of_range", extra(b"-Infinity")),
    "a number of 400 digits": ("decode", "number_out_of_range", extra(b"1" * 400)),
    "an array at the root": ("decode", "not_an_object", value(lambda v: b"[" + v + b"]")),
    "a field twice": ("decode", "duplicate_field", value(lambda v: b'{"op":"delete",' + v[1:])),
    "10,000 deep": ("decode", "too_deep", extra(b"[" * 10_000 + b"]" * 10_000)),
    "half a surrogate pair": (
        "decode",
        "unstorable_text",
        value(lambda v: v.replace(b"poison", b"\\ud83d")),
    ),
    "a byte over the limit": ("decode", "record_too_large", value(lambda v: padded(v, MIB + 1))),
    "a compressed bomb": ("decode", "record_too_large", value(lambda v: padded(v, 12 * MIB))),
    # object → event
    "unknown schema version": ("validate", "unknown_schema_version", fields(schema=99)),
    "unknown op": ("validate", "unknown_op", both(fields(op="upsurt"), header("op", b"upsurt"))),
    "unknown platform": ("validate", "unknown_platform", fields(platform="orkut")),
    "another platform's": ("validate", "wrong_topic", fields(platform="x")),
    "no id": ("validate", "missing_id", fields(post_id=None)),
    "no id field": ("validate", "missing_id", without("post_id")),
    "no owner field": ("validate", "missing_field", without("owner")),
    "a text for a number": ("validate", "wrong_type", fields(version="7")),
    "a changed type": ("validate", "wrong_type", fields(metrics=[["score", 7]])),
    "a version below nought": ("validate", "invalid_value", fields(version=-1)),
    "a version of 30 digits": (
        "validate",
        "invalid_value",
        value(lambda v: v.replace(b'"version":0', b'"version":%d' % 10**30)),
    ),
    "a version from the future": (
        "validate",
        "version_out_of_range",
        fields(version=NOW + 30 * DAY),
    ),
    "text over the cap": ("validate", "text_too_long", fields(text="x" * (CAP + 1))),
    "NUL in the channel": ("validate", "control_character", fields(channel="te\0sts")),
    "a year ahead": ("validate", "created_in_future", fields(created_at=NOW + 365 * DAY)),
    "of 1970": ("validate", "created_before_1990", fields(created_at=0)),
    "milliseconds for seconds": (
        "validate",
        "created_in_wrong_unit",
        fields(created_at=NOW * 1000),
    ),
    "milliseconds for microseconds": (
        "validate",
        "created_in_wrong_unit",
        fields(created_at=NOW // 1000),
    ),
    "seen before the platform": ("validate", "observed_out_of_range", fields(observed_at=DAY)),
    "a day that has not come": (
        "validate",
        "day_out_of_range",
        both(fields(day=_THE_DAY_AFTER_TOMORROW), header("day", _THE_DAY_AFTER_TOMORROW.encode())),
    ),
    # keys and headers
    "another secret key's": ("validate", "unknown_key_id", keys(key_id="v2-0123456789ab")),
    "an author without a pseudonym": (
        "validate",
        "key_mismatch",
        both(keys(author=None), header("author_key", None)),
    ),
    "a pseudonym without a reply": ("validate", "key_mismatch", keys(reply_to=OTHER_KEY)),
    "no headers at all": ("validate", "missing_post_key_header", lambda value, _: (value, [])),
    "no post_key header": ("validate", "missing_post_key_header", header("post_key", None)),
    "a post_key header that is not UTF-8": (
        "validate",
        "missing_post_key_header",
        header("post_key", b"v1:\xff"),
    ),
    "no author_key header": ("validate", "missing_header", header("author_key", None)),
    "an op header that is not UTF-8": ("validate", "missing_header", header("op", b"\xff\xfe")),
    "a day header that is no date": ("validate", "missing_header", header("day", b"2026-02-30")),
    "a header of another post": (
        "validate",
        "header_mismatch",
        header("post_key", OTHER_KEY.encode()),
    ),
    "a header of another author": (
        "validate",
        "header_mismatch",
        header("author_key", OTHER_KEY.encode()),
    ),
    "a header of another op": ("validate", "header_mismatch", header("op", b"delete")),
    "a header of another day": ("validate", "header_mismatch", header("day", b"2026-01-01")),
    "a second, lying header": (
        "validate",
        "header_mismatch",
        lambda value, headers: (value, [*headers, ("post_key", OTHER_KEY.encode())]),
    ),
}
