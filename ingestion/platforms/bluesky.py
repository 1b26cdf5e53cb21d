"""Map lines of Bluesky's Jetstream, v1 or v2, to posts, deletes and author deletes.

Lines: https://github.com/bluesky-social/jetstream
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from foundation.policies import policy_of
from ingestion.parsing.json_fields import is_only_text, items_of_type, required_field, value_at
from ingestion.parsing.timestamps import LATEST_MICROS, day_of, iso_micros, plausible
from ingestion.platform import (
    AuthorDelete,
    Ignored,
    Json,
    Mapped,
    Platform,
    Post,
    Unmappable,
    WrongFieldError,
    unmappable_on_wrong_field,
)

_POST = "app.bsky.feed.post"
_FACET = "app.bsky.richtext.facet"
_TID_ALPHABET = "234567abcdefghijklmnopqrstuvwxyz"
_DID = re.compile(r"did:[a-z0-9]+:[A-Za-z0-9._:%-]{1,2048}")
_RKEY = re.compile(r"[A-Za-z0-9._:~-]{1,512}")
_AT_URI = re.compile(r"at://([^/?#]+)/([^/?#]+)/([^/?#]+)")


def payloads(document: Json) -> Iterator[Json]:
    """Yield the single lines of a document: a line, a list of lines, or an answer around them."""
    todo = [document]
    while todo:
        item = todo.pop()
        if isinstance(item, list):
            todo.extend(reversed(item))
        elif (
            isinstance(item, dict)
            and "kind" not in item
            and "$type" not in item
            and item.get("body") is not None
        ):
            todo.append(item["body"])
        else:
            yield item


def _publicly(payload: Json) -> Json:
    """Return the payload if it is a post; other collections may not be public."""
    is_v2 = isinstance(payload, dict) and payload.get("$type") == "message"
    holder = "payload" if is_v2 else "commit"
    kind = (
        str(value_at(payload, holder, "$type")).rpartition("#")[2]
        if is_v2
        else value_at(payload, "kind")
    )
    is_post = kind == "commit" and value_at(payload, holder, "collection") == _POST
    is_record = value_at(payload, holder, "record", "$type") in (None, _POST)
    return payload if is_post and is_record and is_only_text(payload, holder, "record") else None


@unmappable_on_wrong_field(_publicly)
def map_payload(payload: Json, observed_at: int | None) -> Mapped:
    """Map one line to a post, a delete or an author's delete; others are ignored by kind."""
    match payload.get("kind", payload.get("$type")) if isinstance(payload, dict) else None:
        case "commit":
            return _commit(payload, observed_at)
        case "account":
            return _account(payload, observed_at)
        case "identity" | "sync" as kind:
            return Ignored(kind=kind)
        case "message":
            mapped = map_payload(_as_v1(payload), observed_at)
            if isinstance(mapped, Unmappable):
                raise WrongFieldError(mapped.detail)
            return mapped if isinstance(mapped, Ignored) else replace(mapped, raw=payload)
    raise WrongFieldError("kind")


def _is_own(payload: Json) -> bool:
    """Return whether a payload is a line of Jetstream, v1 or v2."""
    did = value_at(payload, "did")
    is_v1 = isinstance(did, str) and _DID.fullmatch(did) and "kind" in payload
    return bool(is_v1 or value_at(payload, "$type") == "message")


def _line_time(payload: Json) -> int | None:
    """Return when Jetstream received a line of v1 or v2; None if the line has no valid time."""
    if not isinstance(payload, dict):
        return None
    is_v2 = payload.get("$type") == "message"
    seen_at: Json = (
        iso_micros(value_at(payload, "payload", "time")) if is_v2 else payload.get("time_us")
    )
    if isinstance(seen_at, bool) or not isinstance(seen_at, int):
        return None
    return seen_at if 0 <= seen_at <= LATEST_MICROS else None


PLATFORM = Platform(
    name="bluesky",
    payloads=payloads,
    map=map_payload,
    reader="ingestion.readers.bluesky:BlueskyReader",
    seen_at=_line_time,
    is_own=_is_own,
)


def _as_v1(message: dict[str, Json]) -> dict[str, Json]:
    """Convert a message of v2 to the form of v1, which has one more level and `time_us`."""
    event = required_field(message, "payload", dict)
    kind = required_field(event, "$type", str).rpartition("#")[2]
    about = event if kind == "commit" else event.get(kind)
    return {
        "kind": kind,
        "did": event.get("did"),
        "time_us": iso_micros(event.get("time")),
        kind: about,
    }


def _commit(line: dict[str, Json], observed_at: int | None) -> Mapped:
    commit = required_field(line, "commit", dict)
    collection = required_field(commit, "collection", str)
    if collection != _POST:
        return Ignored(kind=collection)
    did = _matching(line, "did", _DID)
    rkey = _matching(commit, "rkey", _RKEY)
    seen_at = _seen_at(line, observed_at)
    operation = commit.get("operation")
    post_id = f"{did}/{collection}/{rkey}"
    day = _tid_day(rkey, seen_at)
    if operation == "delete":
        return Post(post_id=post_id, op="delete", version=seen_at, day=day, author_id=did, raw=line)
    if operation not in ("create", "update"):
        raise WrongFieldError("operation")
    return _post(line, commit, post_id, seen_at, day)


def _account(line: dict[str, Json], observed_at: int | None) -> Mapped:
    account = required_field(line, "account", dict)
    if account.get("active") is not False or account.get("status") != "deleted":
        return Ignored(kind="account")  # deactivated and suspended accounts may come back
    return AuthorDelete(
        author_id=_matching(line, "did", _DID), version=_seen_at(line, observed_at), raw=line
    )


def _post(
    line: dict[str, Json], commit: dict[str, Json], post_id: str, seen_at: int, day: date | None
) -> Post:
    did = line["did"]
    record = required_field(commit, "record", dict)
    text = required_field(record, "text", str)
    langs = items_of_type(record.get("langs"), str)
    return Post(
        post_id=post_id,
        version=seen_at if commit["operation"] == "update" else 0,
        created_at=_created_at(record, seen_at),
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


def _matching(holder: dict[str, Json], name: str, pattern: re.Pattern[str]) -> str:
    value = required_field(holder, name, str)
    if not pattern.fullmatch(value):
        raise WrongFieldError(name)
    return value


def _seen_at(line: dict[str, Json], observed_at: int | None) -> int:
    """Return when Jetstream received the line."""
    seen_at = line.get("time_us", observed_at)
    if (
        isinstance(seen_at, bool)
        or not isinstance(seen_at, int)
        or not 0 <= seen_at <= LATEST_MICROS
    ):
        raise WrongFieldError("time_us")
    return seen_at


def _created_at(record: dict[str, Json], seen_at: int) -> int:
    """Return when the post was created, by its author's client, but not after it was received.

    Bluesky accepts any text as `createdAt`. If it is no time since Bluesky began, the time of
    receipt takes its place. Bluesky itself sorts by the earlier of the two times.
    """
    declared = iso_micros(record.get("createdAt"))
    if declared is None or day_of(declared) < policy_of("bluesky").since:
        return seen_at
    return min(declared, seen_at)


def _tid_day(rkey: str, seen_at: int) -> date | None:
    """Return the date inside a record key; None if the key is not a TID or the date is implausible.

    The key never changes, and a delete has it too. Source: https://atproto.com/specs/tid
    """
    if len(rkey) != 13 or any(digit not in _TID_ALPHABET for digit in rkey):  # noqa: PLR2004  # 65 bits
        return None
    number = 0
    for digit in rkey:
        number = number * 32 + _TID_ALPHABET.index(digit)
    micros = number >> 10  # the rest is a clock's id
    created_at = plausible(micros, since=policy_of("bluesky").since, seen_at=seen_at)
    return None if created_at is None else day_of(created_at)


def _features(record: dict[str, Json], kind: str) -> list[tuple[dict[str, Json], dict[str, Json]]]:
    return [
        (feature, facet)
        for facet in items_of_type(record.get("facets"), dict)
        for feature in items_of_type(facet.get("features"), dict)
        if feature.get("$type") == f"{_FACET}#{kind}"
    ]


def _mentions(record: dict[str, Json], text: str) -> tuple[str, ...]:
    """Return the DIDs of the people mentioned, and their names in the text."""
    data = text.encode("utf-8", "surrogatepass")
    mentions: list[Json] = []
    for feature, facet in _features(record, "mention"):
        mentions += [feature.get("did"), _slice(data, facet.get("index")).removeprefix("@")]
    return tuple(dict.fromkeys(items_of_type(mentions, str)))


def _slice(data: bytes, index: Json) -> str:
    """Return a facet's part of the text, whose offsets count bytes of UTF-8."""
    start, end = (
        (index.get("byteStart"), index.get("byteEnd")) if isinstance(index, dict) else (None, None)
    )
    if not isinstance(start, int) or not isinstance(end, int) or not 0 <= start < end <= len(data):
        return ""
    return data[start:end].decode("utf-8", "ignore").strip()


def _hashtags(record: dict[str, Json]) -> tuple[str, ...]:
    tags = [feature.get("tag") for feature, _ in _features(record, "tag")] + items_of_type(
        record.get("tags"), str
    )
    return tuple(dict.fromkeys(items_of_type(tags, str)))


def _parent(record: dict[str, Json]) -> str | None:
    reply = record.get("reply")
    parent = reply.get("parent") if isinstance(reply, dict) else None
    match = _AT_URI.fullmatch(str(parent.get("uri"))) if isinstance(parent, dict) else None
    return "/".join(match.groups()) if match else None


def _rights(record: dict[str, Json]) -> dict[str, bool]:
    """Return the rights that the author's label `!no-unauthenticated` forbids.

    It asks that only signed-in people see the post.
    """
    labels = record.get("labels")
    values = items_of_type(labels.get("values"), dict) if isinstance(labels, dict) else []
    if any(label.get("val") == "!no-unauthenticated" for label in values):
        return {"indexable": False, "may_display": False, "may_export": False}
    return {}
