"""Bluesky: lines of Jetstream v1 → posts, deletes and author deletes. Mapping only; live reading comes later."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import TypeVar

from foundation.policies import policy_of
from ingestion.platform import (
    AuthorDelete,
    Ignored,
    Json,
    Mapped,
    Platform,
    Post,
    WrongFieldError,
    refusing_wrong_fields,
)

T = TypeVar("T")

_POST = "app.bsky.feed.post"
_FACET = "app.bsky.richtext.facet"
_TID_ALPHABET = "234567abcdefghijklmnopqrstuvwxyz"
_DID = re.compile(r"did:[a-z0-9]+:[A-Za-z0-9._:%-]{1,2048}")
_RKEY = re.compile(r"[A-Za-z0-9._:~-]{1,512}")
_AT_URI = re.compile(r"at://([^/?#]+)/([^/?#]+)/([^/?#]+)")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST_MICROS = 253_402_300_799_999_999  # the year 9999


def payloads(document: Json) -> Iterator[Json]:
    """A line is one payload; a list, or an answer around lines, holds several."""
    todo = [document]
    while todo:
        item = todo.pop()
        if isinstance(item, list):
            todo.extend(reversed(item))
        elif isinstance(item, dict) and "kind" not in item and item.get("body") is not None:
            todo.append(item["body"])
        else:
            yield item


@refusing_wrong_fields
def map_payload(payload: Json, observed_at: int | None) -> Mapped:
    """One line → a post, a delete, an author's delete, or none of them."""
    match payload.get("kind") if isinstance(payload, dict) else None:
        case "commit":
            return _commit(payload, observed_at)
        case "account":
            return _account(payload, observed_at)
        case "identity":
            return Ignored(kind="identity")
    raise WrongFieldError("kind")


PLATFORM = Platform(name="bluesky", payloads=payloads, map=map_payload)


def _commit(line: dict[str, Json], observed_at: int | None) -> Mapped:
    commit = _needed(line, "commit", dict)
    collection = _needed(commit, "collection", str)
    if collection != _POST:
        return Ignored(kind=collection)
    did, rkey = _matching(line, "did", _DID), _matching(commit, "rkey", _RKEY)
    seen_at, operation = _seen_at(line, observed_at), commit.get("operation")
    post_id, day = f"{did}/{collection}/{rkey}", _tid_day(rkey, seen_at)
    if operation == "delete":
        return Post(post_id=post_id, op="delete", version=seen_at, day=day, author_id=did, raw=line)
    if operation not in ("create", "update"):
        raise WrongFieldError("operation")
    return _post(line, commit, post_id, seen_at, day)


def _account(line: dict[str, Json], observed_at: int | None) -> Mapped:
    account = _needed(line, "account", dict)
    if account.get("active") is not False or account.get("status") != "deleted":
        return Ignored(kind="account")  # deactivated and suspended accounts come back
    return AuthorDelete(author_id=_matching(line, "did", _DID), version=_seen_at(line, observed_at), raw=line)


def _post(line: dict[str, Json], commit: dict[str, Json], post_id: str, seen_at: int, day: date | None) -> Post:
    did, record = line["did"], _needed(commit, "record", dict)
    text = _needed(record, "text", str)
    langs = _every(record.get("langs"), str)
    return Post(
        post_id=post_id,
        version=seen_at if commit["operation"] == "update" else 0,
        created_at=_micros(record.get("createdAt"), otherwise=seen_at),
        day=day,
        author_id=did,
        mentions=_mentions(record, text),
        text=text,
        lang=langs[0] if langs else None,
        url=f"https://bsky.app/profile/{did}/post/{commit['rkey']}",
        reply_to=_parent(record),
        hashtags=_hashtags(record),
        rights=_rights(record),
        raw=line,
    )


def _needed(holder: dict[str, Json], name: str, kind: type[T]) -> T:
    value = holder.get(name)
    if not isinstance(value, kind):
        raise WrongFieldError(name)
    return value


def _matching(holder: dict[str, Json], name: str, pattern: re.Pattern[str]) -> str:
    value = _needed(holder, name, str)
    if not pattern.fullmatch(value):
        raise WrongFieldError(name)
    return value


def _every(values: Json, kind: type[T]) -> list[T]:
    return [value for value in values if isinstance(value, kind) and value] if isinstance(values, list) else []


def _seen_at(line: dict[str, Json], observed_at: int | None) -> int:
    """When Jetstream saw it."""
    seen_at = line.get("time_us", observed_at)
    if isinstance(seen_at, bool) or not isinstance(seen_at, int) or not 0 <= seen_at <= _LATEST_MICROS:
        raise WrongFieldError("time_us")
    return seen_at


def _micros(declared: Json, *, otherwise: int) -> int:
    """What the client declared, in any ISO 8601 form; clients may declare nonsense."""
    try:
        moment = datetime.fromisoformat(declared.upper()) if isinstance(declared, str) else None
    except ValueError:
        moment = None
    if moment is None:
        return otherwise
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (aware - _EPOCH) // timedelta(microseconds=1)


def _tid_day(rkey: str, seen_at: int) -> date | None:
    """The date inside a record key that is a TID: it cannot change, and a delete knows it too. None where absurd."""
    if len(rkey) != 13 or any(digit not in _TID_ALPHABET for digit in rkey):  # noqa: PLR2004  # 65 bits
        return None
    number = 0
    for digit in rkey:
        number = number * 32 + _TID_ALPHABET.index(digit)
    micros = number >> 10  # the rest is a clock's id
    if micros > seen_at + 86_400_000_000:
        return None
    day = (_EPOCH + timedelta(microseconds=micros)).date()
    return day if day >= policy_of("bluesky").since else None


def _features(record: dict[str, Json], kind: str) -> list[tuple[dict[str, Json], dict[str, Json]]]:
    return [
        (feature, facet)
        for facet in _every(record.get("facets"), dict)
        for feature in _every(facet.get("features"), dict)
        if feature.get("$type") == f"{_FACET}#{kind}"
    ]


def _mentions(record: dict[str, Json], text: str) -> tuple[str, ...]:
    """Who is mentioned: their DIDs, and what the text calls them."""
    data = text.encode("utf-8", "surrogatepass")
    found: list[Json] = []
    for feature, facet in _features(record, "mention"):
        found += [feature.get("did"), _slice(data, facet.get("index")).removeprefix("@")]
    return tuple(dict.fromkeys(_every(found, str)))


def _slice(data: bytes, index: Json) -> str:
    """A facet's part of the text: offsets count bytes of UTF-8."""
    start, end = (index.get("byteStart"), index.get("byteEnd")) if isinstance(index, dict) else (None, None)
    if not isinstance(start, int) or not isinstance(end, int) or not 0 <= start < end <= len(data):
        return ""
    return data[start:end].decode("utf-8", "ignore").strip()


def _hashtags(record: dict[str, Json]) -> tuple[str, ...]:
    tags = [feature.get("tag") for feature, _ in _features(record, "tag")] + _every(record.get("tags"), str)
    return tuple(dict.fromkeys(_every(tags, str)))


def _parent(record: dict[str, Json]) -> str | None:
    reply = record.get("reply")
    parent = reply.get("parent") if isinstance(reply, dict) else None
    match = _AT_URI.fullmatch(str(parent.get("uri"))) if isinstance(parent, dict) else None
    return "/".join(match.groups()) if match else None


def _rights(record: dict[str, Json]) -> dict[str, bool]:
    """The author's `!no-unauthenticated`: not for people who are not signed in to Bluesky."""
    labels = record.get("labels")
    values = _every(labels.get("values"), dict) if isinstance(labels, dict) else []
    if any(label.get("val") == "!no-unauthenticated" for label in values):
        return {"indexable": False, "may_display": False, "may_export": False}
    return {}
