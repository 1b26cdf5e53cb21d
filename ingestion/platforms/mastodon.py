"""Map Mastodon's statuses, REST answers and stream frames to posts and deletes.

A status inside a boost, quote, notification, conversation, context or search answer is a payload of
its own. The outer object keeps nothing of its text. A boost has no text of its own and is ignored.
Only `public` statuses are posts. docs/reference/platforms.md gives the reasons, and explains
deletes.

Statuses: https://docs.joinmastodon.org/entities/Status
"""

import re
from collections.abc import Iterator
from datetime import date
from typing import Literal
from urllib.parse import urlsplit

from ingestion.parsing.html_text import html_to_text
from ingestion.parsing.json_fields import (
    distinct,
    fields_of,
    integer_counts,
    is_only_text,
    items_of_type,
    kind_by_field,
    optional_text,
    parse_json_text,
    payloads_within,
    required_field,
    text_fields,
    value_at,
)
from ingestion.parsing.snowflake_ids import mastodon_micros
from ingestion.parsing.timestamps import day_of, iso_micros
from ingestion.platform import (
    Ignored,
    Json,
    Mapped,
    Platform,
    Post,
    WrongFieldError,
    unmappable_on_wrong_field,
)

_UPDATES = ("update", "status.update")
_NON_PUBLIC = ("unlisted", "private", "direct", "limited")
# keys of answers that hold statuses
_HOLDERS = (
    "statuses",
    "ancestors",
    "descendants",
    "status",
    "last_status",
)
_BARE_ID = re.compile(r"\w{1,40}")
_MARKS = ("account", "reblogs_count", "uri")
_METRICS = ("replies_count", "reblogs_count", "favourites_count", "quotes_count")
_DELETE_FIELDS = ("id", "uri", "created_at", "edited_at", "visibility")
_KINDS = (
    ("event", "stream event"),
    ("error", "error"),
    ("acct", "account"),
    ("blocked_by", "relationship"),
    ("confirmed", "admin account"),
    ("params", "scheduled status"),
    ("votes_count", "poll"),
    ("preview_url", "media"),
    ("alerts", "push subscription"),
    ("replies_policy", "list"),
    ("filter_action", "filter"),
    ("status_id", "filter"),
    ("featuring", "tag"),
    ("usage", "instance"),
    ("stats", "instance"),
    ("content", "status history"),
    ("spoiler_text", "status source"),
    ("type", "notification"),
)


def payloads(document: Json) -> Iterator[Json]:
    """Yield the single statuses of a document, and anything else as it is."""
    return payloads_within(document, _contents)


def _publicly(payload: Json) -> Json:
    """Return a public status, or the ids of a delete."""
    if not isinstance(payload, dict):
        return None
    if payload.get("event") == "delete":
        return _frame(payload)
    is_public = _is_status(payload) and payload.get("visibility") == "public"
    return payload if is_public and is_only_text(payload) else None


def _is_own(payload: Json) -> bool:
    """Return whether a payload is a status, an account, or a frame of the stream."""
    if not isinstance(payload, dict):
        return False
    is_status = _is_status(payload) and any(name in payload for name in _MARKS)
    return is_status or "acct" in payload or ("event" in payload and "payload" in payload)


@unmappable_on_wrong_field(_publicly)
def map_payload(payload: Json, observed_at: int | None) -> Mapped:
    """Map one status or frame to a post or a delete; others are ignored by kind."""
    if not isinstance(payload, dict):
        raise WrongFieldError("status")
    if payload.get("event") == "delete":
        return _deleted_by_stream(payload, observed_at)
    if payload.get("event") in _UPDATES:
        raise WrongFieldError("payload")  # `payloads` found no status in it
    if not _is_status(payload):
        return Ignored(kind=kind_by_field(payload, _KINDS) or "other")
    if (visibility := required_field(payload, "visibility", str)) != "public":
        return Ignored(kind=f"{visibility if visibility in _NON_PUBLIC else 'non-public'} status")
    if payload.get("reblog"):
        return Ignored(kind="boost")
    if "text" in payload and "content" not in payload:  # the answer of DELETE /statuses/:id
        return _deleted_by_request(payload, observed_at)
    return _post(payload, observed_at)


def _native_id(payload: Json) -> str:
    """Return the id of the server that is read, the only one that its stream gives for a delete."""
    return str(
        payload.get("payload") if payload.get("event") == "delete" else payload.get("id") or ""
    )


PLATFORM = Platform(
    name="mastodon",
    payloads=payloads,
    map=map_payload,
    reader="ingestion.readers.mastodon:MastodonReader",
    native_id=_native_id,
    is_own=_is_own,
    dates_edits=True,
)


def _contents(item: Json) -> tuple[list[Json], list[Json]]:
    if not isinstance(item, dict):
        return [item], []
    if item.get("event") in _UPDATES and isinstance(item.get("payload"), str):
        status = parse_json_text(item["payload"])
        return ([], [status]) if isinstance(status, dict) else ([item], [])
    if _is_status(item):
        return _split(item)
    if "event" in item:
        return [item], []
    if isinstance(item.get("body"), dict | list):
        return [], [item["body"]]
    holders = [item[name] for name in _HOLDERS if name in item]
    inside = [
        element
        for value in holders
        for element in (items_of_type(value, dict) if isinstance(value, list) else [value])
    ]
    inside = [element for element in inside if isinstance(element, dict)]
    return ([], inside) if inside else ([item], [])


def _is_status(item: dict[str, Json]) -> bool:
    return "visibility" in item or ("uri" in item and "content" in item)


def _split(status: dict[str, Json]) -> tuple[list[Json], list[Json]]:
    """Split a status from the statuses inside it, of which it keeps only the `uri`."""
    nested: list[Json] = []
    own = {name: _emptied(value, nested) for name, value in status.items()}
    if isinstance(quote := own.get("quote"), dict):
        own["quote"] = {
            name: _emptied(value, nested, name == "quoted_status") for name, value in quote.items()
        }
    return [own], nested


def _emptied(value: Json, nested: list[Json], is_status: bool = False) -> Json:
    """Return a field's value without statuses, which are moved to `nested`."""
    if isinstance(value, list):
        return [_emptied(item, nested) if isinstance(item, dict) else item for item in value]
    if not isinstance(value, dict) or not (is_status or _is_status(value)):
        return value
    nested.append(value)
    return {"uri": value.get("uri")}


def _deleted_by_stream(frame: dict[str, Json], observed_at: int | None) -> Post:
    """Map a frame of a delete, which has only its server's id; our reader has added the `uri`."""
    uri = _uri(frame)
    return Post(
        post_id=uri,
        op="delete",
        version=observed_at or 0,
        day=_day(uri, None, observed_at),
        raw=_frame(frame),
    )


def _frame(frame: dict[str, Json]) -> dict[str, Json]:
    """Return the part of a frame that says which post is gone."""
    kept = {
        name: frame[name]
        for name in ("event", "payload", "uri")
        if isinstance(frame.get(name), str)
    }
    return (
        kept
        if _BARE_ID.fullmatch(kept.get("payload", ""))
        else {name: text for name, text in kept.items() if name != "payload"}
    )


def _deleted_by_request(status: dict[str, Json], observed_at: int | None) -> Post:
    uri = _uri(status)
    created_at = _time(status, "created_at")
    return Post(
        post_id=uri,
        op="delete",
        version=max(_edited_at(status), observed_at or 0),
        created_at=created_at,
        day=_day(uri, created_at, observed_at),
        raw=fields_of(status, _DELETE_FIELDS) | {"deleted": True},
    )


def _post(status: dict[str, Json], observed_at: int | None) -> Post:
    uri = _uri(status)
    created_at = _time(status, "created_at")
    account = required_field(status, "account", dict)
    return Post(
        post_id=uri,
        version=_edited_at(status),
        created_at=created_at,
        day=_day(uri, created_at, observed_at),
        author_id=optional_text(account, "uri") or optional_text(account, "url"),
        author_handle=optional_text(account, "acct"),
        author_name=optional_text(account, "display_name"),
        mentions=_mentions(status),
        title=optional_text(status, "spoiler_text"),  # plain text, unlike `content`
        text=html_to_text(required_field(status, "content", str)) or None,
        lang=optional_text(status, "language"),
        url=optional_text(status, "url"),
        channel=_host(uri),
        hashtags=distinct(text_fields(status.get("tags"), "name")),
        metrics=integer_counts({name: status.get(name) for name in _METRICS}),
        rights=_rights(account),
        raw=status,
    )


def _uri(holder: dict[str, Json]) -> str:
    uri = required_field(holder, "uri", str)
    if not _host(uri):
        raise WrongFieldError("uri")
    return uri


def _host(uri: str) -> str | None:
    """Return the host of a status's own server; None if the uri has none."""
    try:
        parts = urlsplit(uri)
    except ValueError:
        return None
    return parts.hostname if parts.scheme in ("https", "http") else None


def _time(status: dict[str, Json], name: Literal["created_at", "edited_at"]) -> int:
    micros = iso_micros(status.get(name))
    if micros is None or micros < 0:
        raise WrongFieldError(name)
    return micros


def _edited_at(status: dict[str, Json]) -> int:
    return _time(status, "edited_at") if status.get("edited_at") is not None else 0


def _day(uri: str, created_at: int | None, observed_at: int | None) -> date | None:
    micros = mastodon_micros(uri, observed_at or created_at)
    return None if micros is None else day_of(micros)


def _mentions(status: dict[str, Json]) -> tuple[str, ...]:
    mentioned = status.get("mentions")
    return distinct(text_fields(mentioned, "username") + text_fields(mentioned, "acct"))


def _rights(account: dict[str, Json]) -> dict[str, bool]:
    """Return the rights that `noindex` or `indexable: false` forbid; other values forbid none."""
    refused = value_at(account, "noindex") is True or value_at(account, "indexable") is False
    return {"indexable": False} if refused else {}
