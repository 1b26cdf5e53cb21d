"""Map media and comments of Instagram's Graph API, which come alone, in lists or by id.

A comment inside a medium or comment is a payload of its own, and the outer one keeps nothing of it.
The children of a carousel are parts of their parent. Media found by hashtag have neither author nor
time; the mapper reads the time from the link. Stories, live media, accounts, hashtags, insights and
products are ignored by kind.

Media: https://developers.facebook.com/docs/instagram-platform/instagram-graph-api/reference/ig-hashtag/recent-media
"""

from collections.abc import Iterator

from ingestion.parsing.html_text import handles, hashtags
from ingestion.parsing.json_fields import (
    distinct,
    integer_counts,
    items_of_type,
    kind_by_field,
    optional_text,
    payloads_within,
    required_field,
    value_at,
)
from ingestion.parsing.snowflake_ids import instagram_micros
from ingestion.parsing.timestamps import day_of, iso_micros
from ingestion.platform import (
    Ignored,
    Json,
    Mapped,
    Platform,
    Post,
    WrongFieldError,
    keep_nothing,
    unmappable_on_wrong_field,
)

_MEDIA_FIELDS = ("caption", "comments_count", "like_count")
_MESSAGE_FIELDS = ("to", "mid", "sender", "recipient", "thread", "conversation")
_MARKS = ("media_type", "media_product_type", "comments_count", "business_discovery")
_NESTED = ("comments", "replies")
_KINDS = (
    *((field, "private message") for field in _MESSAGE_FIELDS),
    ("error", "error"),
    ("media_type", "part of a carousel, or story"),
    ("period", "insight"),
    ("product_id", "product"),
    ("catalog_id", "catalogue"),
    ("quota_usage", "quota"),
    ("status_code", "container"),
    ("business_discovery", "account"),
    ("followers_count", "account"),
    ("username", "account"),
    ("name", "hashtag"),
    ("id", "id"),
)


def payloads(document: Json) -> Iterator[Json]:
    """Yield the single media and comments of a document, and anything else as it is."""
    return payloads_within(document, _contents)


def _is_own(payload: Json) -> bool:
    """Return whether a payload is a medium, or a comment with the Graph API's `timestamp`."""
    if not isinstance(payload, dict):
        return False
    is_comment = "text" in payload and iso_micros(payload.get("timestamp")) is not None
    return (is_comment and str(payload.get("id")).isdecimal()) or any(
        name in payload for name in _MARKS
    )


@unmappable_on_wrong_field(keep_nothing)  # no payload says who may read it
def map_payload(payload: Json, observed_at: int | None) -> Mapped:
    """Map one medium or comment to a post or a delete; other objects are ignored by kind."""
    if not isinstance(payload, dict):
        raise WrongFieldError("id")
    if payload.get("deleted") is True:  # our reader's document for a post that is no longer shown
        return Post(post_id=_id(payload), op="delete", version=observed_at or 0, raw=payload)
    if _is_comment(payload):
        return (
            Ignored(kind="hidden comment") if payload.get("hidden") is True else _comment(payload)
        )
    if not _is_medium(payload):
        return Ignored(kind=kind_by_field(payload, _KINDS) or "other")
    if payload.get("media_product_type") == "STORY" or "/stories/" in str(payload.get("permalink")):
        return Ignored(kind="story")
    if payload["media_type"] == "BROADCAST":
        return Ignored(kind="live media")
    return _medium(payload, observed_at)


PLATFORM = Platform(
    name="instagram",
    payloads=payloads,
    map=map_payload,
    reader="ingestion.readers.instagram:InstagramReader",
    native_id=lambda payload: str(payload["id"]),
    is_own=_is_own,
)


def _contents(item: Json) -> tuple[list[Json], list[Json]]:
    if not isinstance(item, dict):
        return [item], []
    for name in ("mentioned_media", "mentioned_comment"):
        if isinstance(item.get(name), dict):
            return [], [item[name]]
    if isinstance(media := value_at(item, "business_discovery", "media", "data"), list):
        return [], [media]
    if "id" not in item:
        inner = next(
            (item[name] for name in ("data", "body") if isinstance(item.get(name), dict | list)),
            None,
        )
        if inner is not None:
            return [], [inner]
        if item and all(isinstance(value, dict) and key.isdecimal() for key, value in item.items()):
            return [], list(item.values())  # several objects by their ids
    return _split(item)


def _is_comment(item: dict[str, Json]) -> bool:
    return (
        "text" in item
        and "media_type" not in item
        and not any(name in item for name in _MESSAGE_FIELDS)
    )


def _is_medium(item: dict[str, Json]) -> bool:
    return "media_type" in item and any(name in item for name in _MEDIA_FIELDS)


def _split(item: dict[str, Json]) -> tuple[list[Json], list[Json]]:
    """Split a medium or comment from its comments, each of which gets the id that it answers."""
    nested: list[Json] = []
    for name in _NESTED:
        context = (
            {"parent_id": item.get("id"), **_of(item)}
            if _is_comment(item)
            else {"media": {"id": item.get("id")}}
        )
        nested += [
            {**context, **comment} for comment in items_of_type(value_at(item, name, "data"), dict)
        ]
    if not nested:
        return [item], []
    return [{name: value for name, value in item.items() if name not in _NESTED}], nested


def _of(comment: dict[str, Json]) -> dict[str, Json]:
    return {"media": comment["media"]} if "media" in comment else {}


def _medium(item: dict[str, Json], observed_at: int | None) -> Post:
    caption = optional_text(item, "caption")
    link = optional_text(item, "permalink")
    inside = instagram_micros(link, observed_at)
    declared = _time(item)
    return Post(
        post_id=_id(item),
        created_at=inside if declared is None else declared,
        day=None if inside is None else day_of(inside),
        author_id=_author_id(item),
        author_handle=optional_text(item, "username"),
        mentions=distinct(handles(caption)),
        text=caption,
        url=link,
        hashtags=distinct(hashtags(caption)),
        metrics=integer_counts({name: item.get(name) for name in ("like_count", "comments_count")}),
        raw=item,
    )


def _comment(item: dict[str, Json]) -> Post:
    text = required_field(item, "text", str)
    answered = item.get("parent_id") or value_at(item, "media", "id")
    return Post(
        post_id=_id(item),
        created_at=_time(item),
        author_id=_author_id(item),
        author_handle=optional_text(item, "username"),
        mentions=distinct(handles(text)),
        text=text or None,
        reply_to=answered if isinstance(answered, str) else None,
        hashtags=distinct(hashtags(text)),
        metrics=integer_counts({"like_count": item.get("like_count")}),
        raw=item,
    )


def _id(item: dict[str, Json]) -> str:
    number = required_field(item, "id", str)
    if not (number.isascii() and number.isdecimal()):
        raise WrongFieldError("id")
    return number


def _author_id(item: dict[str, Json]) -> str | None:
    """Return the account's id, or its name if that is all there is, as in others' comments."""
    for holder in ("owner", "from"):
        if isinstance(number := value_at(item, holder, "id"), str) and number:
            return number
    return optional_text(item, "username")


def _time(item: dict[str, Json]) -> int | None:
    declared = item.get("timestamp")
    micros = iso_micros(declared)
    if declared is not None and (micros is None or micros < 0):
        raise WrongFieldError("timestamp")
    return micros
