"""Decode a record's bytes to an event, or find the reason for its quarantine.

It is plain Python, so that streams, batch jobs and tests decode alike.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import jsonschema_rs
import orjson

from foundation.key_chain import KeyChain
from foundation.policies import Policy
from schemas.event import CONTROL, MAX_RECORD_BYTES, OPS, SCHEMA_VERSION, Event, json_schema
from schemas.reasons import Reason
from schemas.times import AHEAD, EARLIEST_CREATED, begin_of, observed_range
from schemas.topics import platform_of
from transforms.controls import without_controls

_MINUTE = 60_000_000  # microseconds
# a pseudonym, and the field for which it stands
_KEYS = (
    ("post", "post_id"),
    ("author", "author_id"),
    ("reply_to", "reply_to"),
)
_VALIDATOR = jsonschema_rs.validator_for(json_schema())


class BadRecordError(Exception):
    """Raised within a worker for a bad record; it has the stage and the reason, never content."""

    def __init__(self, stage: str, reason: Reason) -> None:
        super().__init__(reason.value)
        self.stage = stage
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Envelope:
    """Kafka's metadata of a value, and the record's headers."""

    topic: str
    kafka_timestamp: int  # microseconds; the broker's clock
    op: str | None
    post_key: str | None
    author_key: str | None
    day: date | None


@dataclass(frozen=True, slots=True)
class Rules:
    """The configuration on which decoding depends."""

    policies: dict[str, Policy]
    key_id: str
    max_text_chars: int
    chain: KeyChain | None = None  # after a rotation, maps older pseudonyms to the current key's


def decode(value: bytes | None, envelope: Envelope, rules: Rules) -> Event:
    """Return the event in a record's value.

    Raises:
        BadRecordError: the record belongs to quarantine, with this stage and reason.
    """
    event = _validate(_parse(value), rules)
    _check_envelope(event, envelope, rules)
    if event["op"] == "unmappable":
        raise BadRecordError("map", Reason.UNMAPPABLE)
    _check_ids(event, envelope)
    _check_keys(event)
    _check_times(event, envelope, rules.policies[event["platform"]])
    _check_text(event, rules.max_text_chars)
    return event


def posted_at(event: Event, policy: Policy) -> int:
    """Return when the post was made, in µs; `observed_at` if `created_at` cannot be true."""
    created = event["created_at"]
    observed = event["observed_at"]
    if created is None or created > observed + _MINUTE or created < begin_of(policy.since):
        return observed
    return created


def _parse(value: bytes | None) -> dict[str, Any]:
    if value is None:
        raise BadRecordError("decode", Reason.NULL_VALUE)
    if len(value) > MAX_RECORD_BYTES:  # the broker's own limit counts compressed bytes
        raise BadRecordError("decode", Reason.RECORD_TOO_LARGE)
    try:
        document = orjson.loads(value)
    except orjson.JSONDecodeError:
        raise BadRecordError("decode", _why_not_json(value)) from None
    if not isinstance(document, dict):
        raise BadRecordError("decode", Reason.NOT_AN_OBJECT)
    try:
        rewritten = orjson.dumps(document)
    except orjson.JSONEncodeError:  # orjson reads deeper nesting than it writes
        raise BadRecordError("decode", Reason.TOO_DEEP) from None
    # Our producers write with orjson. Other bytes may hide a field that occurs twice.
    if rewritten != value:
        _refuse_duplicate_fields(value)
    return document


def _why_not_json(value: bytes) -> Reason:
    if not value.strip():
        return Reason.EMPTY_VALUE
    try:
        text = value.decode("utf-8")
    except UnicodeDecodeError:
        return Reason.NOT_UTF8
    return _why_unreadable(text)


def _why_unreadable(text: str) -> Reason:
    try:
        # json.loads accepts NaN and infinity; json.dumps refuses them.
        document = json.loads(text, parse_int=float)
        json.dumps(document, ensure_ascii=False, allow_nan=False).encode()
    except RecursionError:
        return Reason.TOO_DEEP
    except UnicodeEncodeError:  # half of a surrogate pair
        return Reason.UNSTORABLE_TEXT
    except json.JSONDecodeError:
        return Reason.MALFORMED_JSON
    except ValueError:
        return Reason.NUMBER_OUT_OF_RANGE
    return Reason.TOO_DEEP  # newer Pythons read deeper nesting than orjson


def _refuse_duplicate_fields(value: bytes) -> None:
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(fields := dict(pairs)) != len(pairs):
            raise BadRecordError("decode", Reason.DUPLICATE_FIELD)
        return fields

    json.loads(value, object_pairs_hook=unique)


def _validate(document: dict[str, Any], rules: Rules) -> Event:
    version = document.get("schema")
    # JSON Schema takes 2.0 for an integer.
    if type(version) in (int, float) and version != SCHEMA_VERSION:
        raise BadRecordError("validate", Reason.UNKNOWN_SCHEMA_VERSION)
    if not _VALIDATOR.is_valid(document):
        raise BadRecordError("validate", _why_not_valid(document))
    event: Event = document  # type: ignore[assignment]  # the schema has just said so
    if event["op"] not in OPS:
        raise BadRecordError("validate", Reason.UNKNOWN_OP)
    if event["platform"] not in rules.policies:
        raise BadRecordError("validate", Reason.UNKNOWN_PLATFORM)
    return event


def _why_not_valid(document: dict[str, Any]) -> Reason:
    """Return the worst problem, whichever the validator finds first."""
    reasons = set()
    for error in _VALIDATOR.iter_errors(document):
        match error.kind:
            case jsonschema_rs.ValidationErrorKind.Required(property=name):
                reasons.add(Reason.MISSING_ID if name == "post_id" else Reason.MISSING_FIELD)
            case jsonschema_rs.ValidationErrorKind.Type():
                reasons.add(Reason.WRONG_TYPE)
            case _:
                reasons.add(Reason.INVALID_VALUE)
    order = (Reason.MISSING_ID, Reason.MISSING_FIELD, Reason.WRONG_TYPE, Reason.INVALID_VALUE)
    return next(reason for reason in order if reason in reasons)


def _check_envelope(event: Event, envelope: Envelope, rules: Rules) -> None:
    on_authors_topic = envelope.topic.endswith(".authors.v1")
    if platform_of(envelope.topic) != event["platform"] or on_authors_topic != (
        event["op"] == "delete_author"
    ):
        raise BadRecordError("validate", Reason.WRONG_TOPIC)
    if (made_by := event["keys"]["key_id"]) != rules.key_id and not (
        rules.chain and made_by in rules.chain.former
    ):
        raise BadRecordError("validate", Reason.UNKNOWN_KEY_ID)


def _check_ids(event: Event, envelope: Envelope) -> None:
    keys = event["keys"]
    if event["op"] == "delete_author":
        named = event["author_id"]
        key = keys["author"]
        header = envelope.author_key
    else:
        named = event["post_id"]
        key = keys["post"]
        header = envelope.post_key
    if not named or not key:
        raise BadRecordError("validate", Reason.MISSING_ID)
    if header is None and event["op"] != "delete_author":
        raise BadRecordError("validate", Reason.MISSING_POST_KEY_HEADER)
    day = envelope.day.isoformat() if envelope.day else None
    actual = (envelope.op, header, envelope.author_key, day)
    meant = (event["op"], key, keys["author"], event["day"])
    if any(ours is None and theirs is not None for ours, theirs in zip(actual, meant, strict=True)):
        raise BadRecordError("validate", Reason.MISSING_HEADER)
    if actual != meant:
        raise BadRecordError("validate", Reason.HEADER_MISMATCH)


def _check_keys(event: Event) -> None:
    """Check that a pseudonym has the key's version, and is there if its field is there.

    Its value cannot be checked without the secret key. An author without a pseudonym would be out
    of reach of the author's own delete.
    """
    keys: Mapping[str, object] = event["keys"]
    fields: Mapping[str, object] = event
    is_profile_without_name = keys["channel"] and not event["channel"]
    version = event["keys"]["key_id"].partition("-")[0]
    is_mixed = any(
        pseudonym and not str(pseudonym).startswith((f"{version}:", f"{version}-"))
        for pseudonym in keys.values()
    )
    if (
        is_profile_without_name
        or is_mixed
        or any(bool(keys[key]) != bool(fields[field]) for key, field in _KEYS)
    ):
        raise BadRecordError("validate", Reason.KEY_MISMATCH)


def _check_times(event: Event, envelope: Envelope, policy: Policy) -> None:
    observed = event["observed_at"]
    created = event["created_at"]
    earliest, latest = observed_range(policy.since, envelope.kafka_timestamp)
    if not earliest <= observed <= latest:
        raise BadRecordError("validate", Reason.OBSERVED_OUT_OF_RANGE)
    if created is not None and not EARLIEST_CREATED <= created <= observed + AHEAD:
        raise BadRecordError("validate", _why_not_created(created, observed, policy))
    if event["version"] > latest:
        raise BadRecordError("validate", Reason.VERSION_OUT_OF_RANGE)
    if event["op"] == "upsert" and event["day"] is None:
        raise BadRecordError("validate", Reason.MISSING_FIELD)
    if envelope.day is not None and not earliest <= begin_of(envelope.day) <= observed + AHEAD:
        raise BadRecordError("validate", Reason.DAY_OUT_OF_RANGE)


def _why_not_created(created: int, observed: int, policy: Policy) -> Reason:
    """Return the reason for a bad time; the most common cause, another unit, has its own reason."""
    if any(
        begin_of(policy.since) <= at <= observed + AHEAD
        for at in (created * 10**6, created * 1000, created // 1000)
    ):
        return Reason.CREATED_IN_WRONG_UNIT
    return Reason.CREATED_IN_FUTURE if created > observed else Reason.CREATED_BEFORE_1990


def _check_text(event: Event, max_chars: int) -> None:
    """Refuse values that are too long, and names with a control character; clean title and text.

    This comes before the sanitizer, which would not see an address with a NUL inside.
    """
    if len(event["title"] or "") + len(event["text"] or "") > max_chars:
        raise BadRecordError("validate", Reason.TEXT_TOO_LONG)
    names = (
        event["event_id"],
        event["lang"],
        event["channel"],
        *event["hashtags"],
        *event["metrics"],
    )
    if any(name and CONTROL.search(name) for name in names):
        raise BadRecordError("validate", Reason.CONTROL_CHARACTER)
    event["title"] = _without_controls(event["title"])
    event["text"] = _without_controls(event["text"])


def _without_controls(text: str | None) -> str | None:
    return text and without_controls(text)
