"""Define the content of a platform file, and the results that its mapper may return.

Live reading, replay and pushed items all use the same mapper, so it keeps no state.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import wraps
from typing import Any, Literal

Json = Any  # a decoded JSON value, in the platform's own shape


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A post, an edit or a delete of any platform; times in microseconds since 1970, UTC."""

    post_id: str
    op: Literal["upsert", "delete"] = "upsert"
    version: int = 0  # when the edit or delete happened or was observed; 0: never edited
    created_at: int | None = None
    day: date | None = None  # from data that cannot change; None: the day of created_at
    author_id: str | None = None  # the author's pseudonym is computed from it
    author_handle: str | None = None
    author_name: str | None = None
    mentions: tuple[str, ...] = ()
    title: str | None = None
    text: str | None = None
    lang: str | None = None
    url: str | None = None
    channel: str | None = None
    channel_is_profile: bool = False  # True: the channel names a person and becomes a pseudonym
    reply_to: str | None = None
    hashtags: tuple[str, ...] = ()
    metrics: dict[str, int] = field(default_factory=dict)
    rights: dict[str, bool] = field(
        default_factory=dict
    )  # only rights that the author's signals forbid: {"may_train": False}
    endpoint: str | None = None
    query: str | None = None  # the watchlist's entry that asked for it
    raw: Json = None  # the payload


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorDelete:
    """The delete of an author with all their posts."""

    author_id: str
    version: int  # when the delete was observed, in microseconds since 1970
    raw: Json = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignored:
    """A payload that is not a public post: the producer counts it by kind and does not send it."""

    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmappable:
    """A payload that should be a post but cannot be mapped; the jobs quarantine it.

    Its content is kept only if the payload itself shows that it is a public post.
    """

    detail: str  # the field's name, never its content
    raw: Json
    is_withheld: bool = False  # True: `raw` has only the payload's kind and size


Mapped = Post | AuthorDelete | Ignored | Unmappable


class WrongFieldError(ValueError):
    """Raised by a mapper with the name of a required field that is missing or of a wrong type."""


Mapper = Callable[[Json, int | None], Mapped]


def withhold(detail: str, payload: Json) -> Unmappable:
    """Return the result for a payload that may not be public; it keeps only kind and size."""
    raw = {
        "withheld": True,
        "field": detail,
        "kind": _KINDS.get(type(payload), "number"),
        "bytes": _size(payload),
    }
    return Unmappable(detail=detail, raw=raw, is_withheld=True)


def unmappable_on_wrong_field(publicly: Callable[[Json], Json]) -> Callable[[Mapper], Mapper]:
    """Return a decorator that turns a mapper's `WrongFieldError` into the result `Unmappable`.

    Args:
        publicly: returns the part of the payload that may be kept because the payload itself shows
            that it is a public post; None keeps nothing.
    """

    def wrapped(mapper: Mapper) -> Mapper:
        @wraps(mapper)
        def refusing(payload: Json, observed_at: int | None) -> Mapped:
            try:
                return mapper(payload, observed_at)
            except WrongFieldError as error:
                kept = publicly(payload)
                return (
                    withhold(str(error), payload)
                    if kept is None
                    else Unmappable(detail=str(error), raw=kept)
                )

        return refusing

    return wrapped


def keep_nothing(_: Json) -> None:
    """Return None, for platforms whose payloads do not say whether they are public."""


def known_by_post_id(_: Json) -> str:
    """Return an empty text, for platforms whose API names a post by its `post_id`."""
    return ""


_KINDS = {dict: "object", list: "array", str: "text", bool: "boolean", type(None): "null"}


def _size(payload: Json) -> int | None:
    """Return a payload's size in bytes; None if it is nested too deeply to be serialised."""
    try:
        text = payload if isinstance(payload, str) else json.dumps(payload, ensure_ascii=False)
    except RecursionError:
        return None
    return len(text.encode("utf-8", "backslashreplace"))


@dataclass(frozen=True, slots=True)
class Platform:
    """One platform: the functions that find its payloads in an answer and map them.

    Attributes:
        name: its name in topics, policies and commands.
        payloads: yields the single payloads of a decoded document, which is a payload or a whole
            API answer.
        map: maps a payload. The second argument is when it was observed, in microseconds since
            1970, or None if that was not recorded.
        reader: the class that reads the platform live, as `module:Class`. The text delays the
            import of the reader's client library, which is an extra. None: items are only pushed.
        native_id: returns the id by which the platform's API names a payload's post. With it the
            producer saves a sighting of each post, for deletes and sweeps; None: no sightings.
        dates_edits: whether payloads say when they were edited. If not, a changed text is an edit
            at the time when it was seen.
        seen_at: returns the time of observation that a payload states itself, in microseconds
            since 1970, for a replay; None if it states none.
        sweeps_at_once: the number of posts that a sweep passes to the reader in one call.
        is_own: returns whether a payload of any kind has marks that no other platform gives. A
            payload without marks may still be the platform's.

    Example:
        ```
        platform = PLATFORMS["mastodon"]
        results = [platform.map(payload, observed_at) for payload in platform.payloads(answer)]
        ```
    """

    name: str
    payloads: Callable[[Json], Iterator[Json]]
    map: Mapper
    reader: str | None = None
    native_id: Callable[[Json], str] | None = None
    dates_edits: bool = False
    seen_at: Callable[[Json], int | None] | None = None
    sweeps_at_once: int = 500
    is_own: Callable[[Json], bool] = lambda _: False
