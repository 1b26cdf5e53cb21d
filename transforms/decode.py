"""Bytes → event, or the reason why not. Plain Python: the same in stream, batch and tests."""

import json
from dataclasses import dataclass
from datetime import date
from typing import Any

import jsonschema_rs
import orjson

from foundation.policies import Policy
from schemas.event import OPS, SCHEMA_VERSION, Event, json_schema
from schemas.reasons import Reason
from schemas.topics import platform_of

_MINUTE, _DAY = 60_000_000, 86_400_000_000  # microseconds
_YEAR_1990 = 631_152_000_000_000
_VALIDATOR = jsonschema_rs.validator_for(json_schema())


class BadRecordError(Exception):
    """Inside the worker only: carries the reason code, never content."""

    def __init__(self, stage: str, reason: Reason) -> None:
        super().__init__(reason.value)
        self.stage = stage
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Envelope:
    """What Kafka and the record's headers say of a value."""

    topic: str
    kafka_timestamp: int  # microseconds; the broker's clock
    op: str | None
    post_key: str | None
    author_key: str | None
    day: date | None


@dataclass(frozen=True, slots=True)
class Rules:
    """What decoding needs to know of the system."""

    policies: dict[str, Policy]
    key_id: str
    max_text_chars: int


def decode(value: bytes | None, envelope: Envelope, rules: Rules) -> Event:
    """The event in a record's value.

    Raises:
        BadRecordError: with the stage and the reason for quarantine.
    """
    event = _validate(_parse(value), rules)
    _check_envelope(event, envelope, rules)
    if event["op"] == "unmappable":
        raise BadRecordError("map", Reason.UNMAPPABLE)
    _check_ids(event, envelope)
    _check_times(event, envelope, rules.policies[event["platform"]])
    if len(event["title"] or "") + len(event["text"] or "") > rules.max_text_chars:
        raise BadRecordError("validate", Reason.TEXT_TOO_LONG)
    return event


def posted_at(event: Event, policy: Policy) -> int:
    """When the post was made, as far as that can be believed: `created_at` may lie."""
    created, observed = event["created_at"], event["observed_at"]
    if created is None or created > observed + _MINUTE or created < _micros(policy.since):
        return observed
    return created


def _parse(value: bytes | None) -> dict[str, Any]:
    if value is None:
        raise BadRecordError("decode", Reason.NULL_VALUE)
    try:
        document = orjson.loads(value)
    except orjson.JSONDecodeError:
        raise BadRecordError("decode", _why_not_json(value)) from None
    if not isinstance(document, dict):
        raise BadRecordError("decode", Reason.NOT_AN_OBJECT)
    try:
        rewritten = orjson.dumps(document)
    except orjson.JSONEncodeError:  # it reads deeper than it writes
        raise BadRecordError("decode", Reason.TOO_DEEP) from None
    # Our producers write what orjson writes. Anything else may hide a key that stands twice.
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
    try:
        document = json.loads(text, parse_constant=_refuse_constant, parse_int=float)
        json.dumps(document, ensure_ascii=False, allow_nan=False).encode()
    except RecursionError:
        return Reason.TOO_DEEP
    except UnicodeEncodeError:  # half of a surrogate pair
        return Reason.UNSTORABLE_TEXT
    except ValueError:  # also a number that no double holds
        return Reason.MALFORMED_JSON
    return Reason.TOO_DEEP  # newer Pythons follow deeper than orjson


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


def _refuse_duplicate_fields(value: bytes) -> None:
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(found := dict(pairs)) != len(pairs):
            raise BadRecordError("decode", Reason.DUPLICATE_FIELD)
        return found

    json.loads(value, object_pairs_hook=unique)


def _validate(document: dict[str, Any], rules: Rules) -> Event:
    version = document.get("schema")
    if type(version) in (int, float) and version != SCHEMA_VERSION:  # to JSON Schema, 2.0 is an integer
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
    """The worst problem, whichever the validator meets first."""
    found = set()
    for error in _VALIDATOR.iter_errors(document):
        match error.kind:
            case jsonschema_rs.ValidationErrorKind.Required(property=name):
                found.add(Reason.MISSING_ID if name == "post_id" else Reason.MISSING_FIELD)
            case jsonschema_rs.ValidationErrorKind.Type():
                found.add(Reason.WRONG_TYPE)
            case _:
                found.add(Reason.INVALID_VALUE)
    order = (Reason.MISSING_ID, Reason.MISSING_FIELD, Reason.WRONG_TYPE, Reason.INVALID_VALUE)
    return next(reason for reason in order if reason in found)


def _check_envelope(event: Event, envelope: Envelope, rules: Rules) -> None:
    on_authors_topic = envelope.topic.endswith(".authors.v1")
    if platform_of(envelope.topic) != event["platform"] or on_authors_topic != (event["op"] == "delete_author"):
        raise BadRecordError("validate", Reason.WRONG_TOPIC)
    if event["keys"]["key_id"] != rules.key_id:
        raise BadRecordError("validate", Reason.UNKNOWN_KEY_ID)


def _check_ids(event: Event, envelope: Envelope) -> None:
    keys = event["keys"]
    if event["op"] == "delete_author":
        named, key, header = event["author_id"], keys["author"], envelope.author_key
    else:
        named, key, header = event["post_id"], keys["post"], envelope.post_key
    if not named or not key:
        raise BadRecordError("validate", Reason.MISSING_ID)
    if header is None and event["op"] != "delete_author":
        raise BadRecordError("validate", Reason.MISSING_POST_KEY_HEADER)
    day = envelope.day.isoformat() if envelope.day else None
    if header != key or envelope.author_key != keys["author"] or envelope.op != event["op"] or day != event["day"]:
        raise BadRecordError("validate", Reason.HEADER_MISMATCH)


def _check_times(event: Event, envelope: Envelope, policy: Policy) -> None:
    observed, created = event["observed_at"], event["created_at"]
    if not _micros(policy.since) <= observed <= envelope.kafka_timestamp + _DAY:
        raise BadRecordError("validate", Reason.OBSERVED_OUT_OF_RANGE)
    if created is not None and created > observed + _DAY:
        raise BadRecordError("validate", Reason.CREATED_IN_FUTURE)
    if created is not None and created < _YEAR_1990:
        raise BadRecordError("validate", Reason.CREATED_BEFORE_1990)
    if event["version"] > envelope.kafka_timestamp + _DAY:
        raise BadRecordError("validate", Reason.VERSION_OUT_OF_RANGE)
    if event["op"] == "upsert" and event["day"] is None:
        raise BadRecordError("validate", Reason.MISSING_FIELD)
    if envelope.day is not None and not _micros(policy.since) <= _micros(envelope.day) <= observed + _DAY:
        raise BadRecordError("validate", Reason.DAY_OUT_OF_RANGE)


def _micros(day: date) -> int:
    return (day.toordinal() - 719_163) * _DAY
