"""Map items of Hacker News' Firebase API to posts and deletes.

Stories, comments, jobs and polls are posts; the options of a poll are parts of it. Items that are
`deleted` or `dead` are deletes, and their `raw` keeps only the fields that show it. The answer
`null` is not a delete: the reader requests the item again.

Items: https://github.com/HackerNews/API
"""

from collections.abc import Iterator

from ingestion.parsing.html_text import html_to_text
from ingestion.parsing.json_fields import (
    fields_of,
    integer_counts,
    kind_by_field,
    optional_text,
    payloads_within,
)
from ingestion.parsing.timestamps import count_micros
from ingestion.platform import (
    Ignored,
    Json,
    Mapped,
    Platform,
    Post,
    WrongFieldError,
    unmappable_on_wrong_field,
)

_TYPES = ("story", "comment", "job", "poll")
_ITEM_FIELDS = {
    "id",
    "type",
    "by",
    "time",
    "text",
    "title",
    "url",
    "parent",
    "poll",
    "kids",
    "parts",
    "score",
    "descendants",
    "deleted",
    "dead",
}
_MARKS = ("by", "kids", "parent", "parts", "poll", "score", "descendants", "dead")
_DELETE_FIELDS = ("id", "type", "time", "parent", "deleted", "dead")
_KINDS = (("karma", "user"), ("profiles", "updates"), ("error", "error"))


def payloads(document: Json) -> Iterator[Json]:
    """Yield the single items of a document, and anything else as it is."""
    return payloads_within(document, _contents)


def _publicly(payload: Json) -> Json:
    """Return the payload if it is an item: every item is public and holds no objects."""
    is_item = (
        isinstance(payload, dict) and payload.get("type") in _TYPES and set(payload) <= _ITEM_FIELDS
    )
    return payload if is_item and not _holds_objects(payload) else None


def _holds_objects(item: dict[str, Json]) -> bool:
    """Return whether a field holds an object, or a list of objects or lists."""
    values = [
        part for value in item.values() for part in (value if isinstance(value, list) else [value])
    ]
    return any(isinstance(part, dict | list) for part in values)


def _is_own(payload: Json) -> bool:
    """Return whether a payload is an item without unknown fields, and with a mark of its own."""
    if not isinstance(payload, dict) or payload.get("type") not in (*_TYPES, "pollopt"):
        return False
    number = payload.get("id")
    is_item = isinstance(number, int) and set(payload) <= _ITEM_FIELDS
    return is_item and any(name in payload for name in _MARKS)


@unmappable_on_wrong_field(_publicly)
def map_payload(payload: Json, observed_at: int | None) -> Mapped:
    """Map one item to a post or a delete; others are ignored by kind."""
    if payload is None:
        return Ignored(kind="null item")
    if isinstance(payload, int) and not isinstance(payload, bool):
        return Ignored(kind="item id")  # lists of stories, maxitem
    if not isinstance(payload, dict):
        raise WrongFieldError("id")
    if (kind := kind_by_field(payload, _KINDS)) is not None:
        return Ignored(kind=kind)
    if payload.get("type") == "pollopt":
        return Ignored(kind="pollopt")
    if payload.get("deleted") is True or payload.get("dead") is True:
        return _delete(payload, observed_at)
    return _post(payload)


PLATFORM = Platform(
    name="hackernews",
    payloads=payloads,
    map=map_payload,
    reader="ingestion.readers.hackernews:HackerNewsReader",
    native_id=lambda item: str(item["id"]),
    is_own=_is_own,
)


def _contents(item: Json) -> tuple[list[Json], list[Json]]:
    if isinstance(item, dict) and "id" not in item and "body" in item:
        return [], [item["body"]]
    return [item], []


def _delete(item: dict[str, Json], observed_at: int | None) -> Post:
    return Post(
        post_id=_id(item, "id"),
        op="delete",
        version=observed_at or 0,
        created_at=_time(item) if "time" in item else None,
        raw=fields_of(item, _DELETE_FIELDS),
    )


def _post(item: dict[str, Json]) -> Post:
    post_id = _id(item, "id")
    author = optional_text(item, "by")
    kind = item.get("type")
    if kind not in _TYPES:
        raise WrongFieldError("type")
    title = optional_text(item, "title")
    text = optional_text(item, "text")
    if (title if kind != "comment" else text) is None:
        raise WrongFieldError("title" if kind != "comment" else "text")
    return Post(
        post_id=post_id,
        created_at=_time(item),
        author_id=author,
        author_handle=author,
        title=html_to_text(title or "") or None,
        text=html_to_text(text or "") or None,
        url=f"https://news.ycombinator.com/item?id={post_id}",
        reply_to=_id(item, "parent") if kind == "comment" else None,
        metrics=integer_counts({name: item.get(name) for name in ("score", "descendants")}),
        raw=item,
    )


def _id(item: dict[str, Json], name: str) -> str:
    number = item.get(name)
    if isinstance(number, bool) or not isinstance(number, int) or number <= 0:
        raise WrongFieldError(name)
    return str(number)


def _time(item: dict[str, Json]) -> int:
    micros = count_micros(item.get("time"), per_second=1)
    if micros is None:
        raise WrongFieldError("time")
    return micros
