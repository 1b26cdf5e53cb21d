"""Map your own data in one simple form: feedback, chat messages, survey answers.

It has no reader: programs push items by `POST /v1/ingest` or `echostream replay custom FILE`. An
item has `id`, `time`, and `text` or `title`. `author`, `channel` and `language` are optional;
`edited` marks a new version. `{id, deleted: true}` deletes an item, and `{author, deleted: true}`
all items of an author. docs/reference/platforms.md gives the reasons.
"""

from collections.abc import Iterator
from typing import Literal

from ingestion.parsing.html_text import hashtags
from ingestion.parsing.json_fields import distinct, fields_of, optional_text, payloads_within
from ingestion.parsing.timestamps import count_micros, iso_micros
from ingestion.platform import (
    AuthorDelete,
    Json,
    Mapped,
    Platform,
    Post,
    WrongFieldError,
    keep_nothing,
    unmappable_on_wrong_field,
)

_MAX_NAME = 512  # characters of an id, an author, a channel
_CONTAINERS = ("items", "body")
_FIELDS = frozenset(
    ("id", "time", "text", "title", "author", "channel", "language", "edited", "deleted")
)
_DELETE_FIELDS = ("id", "author", "deleted", "time")


def payloads(document: Json) -> Iterator[Json]:
    """Yield the single items of a document, and anything else as it is."""
    return payloads_within(document, _contents)


def _is_own(payload: Json) -> bool:
    """Return whether a payload is an item without any field of another format."""
    is_item = isinstance(payload, dict) and {"id", "time"} <= payload.keys() <= _FIELDS
    return is_item and ("text" in payload or "title" in payload)


@unmappable_on_wrong_field(keep_nothing)
def map_payload(payload: Json, observed_at: int | None) -> Mapped:
    """Map one item to a post, a delete, or the delete of an author."""
    if not isinstance(payload, dict):
        raise WrongFieldError("id")
    deleted = payload.get("deleted", False)
    if not isinstance(deleted, bool):
        raise WrongFieldError("deleted")
    return _delete(payload, observed_at) if deleted else _post(payload, observed_at)


PLATFORM = Platform(
    name="custom",
    payloads=payloads,
    map=map_payload,
    dates_edits=True,
    is_own=_is_own,
)


def _contents(item: Json) -> tuple[list[Json], list[Json]]:
    if isinstance(item, dict) and "id" not in item and "author" not in item:
        for name in _CONTAINERS:
            if isinstance(item.get(name), dict | list):
                return [], [item[name]]
    return [item], []


def _post(item: dict[str, Json], observed_at: int | None) -> Post:
    post_id = _required_name(item, "id")
    author = _name(item, "author")
    title = optional_text(item, "title")
    text = optional_text(item, "text")
    if title is None and text is None:
        raise WrongFieldError("text")
    return Post(
        post_id=post_id,
        version=_happened_at(item, "edited", observed_at),
        created_at=_time(item, "time"),
        author_id=author,
        author_handle=author,
        title=title,
        text=text,
        lang=_short_text(item, "language"),
        channel=_short_text(item, "channel"),
        hashtags=distinct(hashtags(text)),
        raw=item,
    )


def _delete(item: dict[str, Json], observed_at: int | None) -> Post | AuthorDelete:
    """Map a delete, which blocks every version up to now, even if its own time is earlier."""
    version = max(observed_at or 0, _happened_at(item, "time", observed_at))
    left = fields_of(item, _DELETE_FIELDS)
    if item.get("id") is None and (author := _name(item, "author")) is not None:
        return AuthorDelete(author_id=author, version=version, raw=left)
    # No `day` and no `created_at`: `time` is when the item was deleted, not when it was said.
    return Post(post_id=_required_name(item, "id"), op="delete", version=version, raw=left)


def _required_name(item: dict[str, Json], field: str) -> str:
    name = _name(item, field)
    if name is None:
        raise WrongFieldError(field)
    return name


def _name(item: dict[str, Json], field: str) -> str | None:
    """Return an id as text, since other systems also use numbers; None if it is missing or empty.

    Raises:
        WrongFieldError: the field is something else, or is too long.
    """
    value = item.get(field)
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if value is None or (isinstance(value, str) and len(value) <= _MAX_NAME):
        return value or None
    raise WrongFieldError(field)


def _short_text(item: dict[str, Json], field: str) -> str | None:
    value = optional_text(item, field)
    if value is not None and len(value) > _MAX_NAME:
        raise WrongFieldError(field)
    return value


def _happened_at(
    item: dict[str, Json], field: Literal["edited", "time"], observed_at: int | None
) -> int:
    """Return when an edit or delete happened, but not after now; 0 if the item does not say.

    Otherwise an edit by a clock that is ahead would win over a later delete.
    """
    if item.get(field) is None:
        return 0
    at = _time(item, field)
    return at if observed_at is None else min(at, observed_at)


def _time(item: dict[str, Json], field: Literal["edited", "time"]) -> int:
    """Return a time, given in ISO 8601 or whole seconds, in microseconds since 1970."""
    value = item.get(field)
    micros = iso_micros(value) if isinstance(value, str) else count_micros(value, per_second=1)
    if micros is None or micros < 0:
        raise WrongFieldError(field)
    return micros
