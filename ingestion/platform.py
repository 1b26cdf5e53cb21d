"""The interface of a platform file, and what its mapper may answer."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import wraps
from typing import Any, Literal

Json = Any  # a decoded JSON value: its shape is the platform's business


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A post, an edit or a delete in the system's terms; times in microseconds since 1970, UTC."""

    post_id: str
    op: Literal["upsert", "delete"] = "upsert"
    version: int = 0  # edit time, or when an edit or delete was observed; 0 as created
    created_at: int | None = None
    day: date | None = None  # from data that cannot change; None: derived from created_at
    author_id: str | None = None  # the author's pseudonym is made of it
    author_handle: str | None = None
    author_name: str | None = None
    mentions: tuple[str, ...] = ()
    title: str | None = None
    text: str | None = None
    lang: str | None = None
    url: str | None = None
    channel: str | None = None
    channel_is_profile: bool = False  # then the channel names a person and becomes a pseudonym
    reply_to: str | None = None
    hashtags: tuple[str, ...] = ()
    metrics: dict[str, int] = field(default_factory=dict)
    rights: dict[str, bool] = field(
        default_factory=dict
    )  # only rights that the author's signals forbid: {"may_train": False}
    endpoint: str | None = None
    query: str | None = None  # the entry of the watchlist that it was read for
    raw: Json = None  # the payload


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorDelete:
    """An author and all their posts are gone from the platform."""

    author_id: str
    version: int  # when it was observed
    raw: Json = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignored:
    """Not a public post: counted by kind, sent nowhere."""

    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmappable:
    """A payload that should be a post but cannot be mapped; it is quarantined.

    The payload itself is kept if it says that it is public.
    """

    detail: str  # the field's name, never its content
    raw: Json
    is_withheld: bool = False  # then `raw` has only the payload's kind and size


Mapped = Post | AuthorDelete | Ignored | Unmappable


class WrongFieldError(ValueError):
    """Raised inside a mapper with the name of a needed field that is missing or of a wrong type."""


Mapper = Callable[[Json, int | None], Mapped]


def withhold(detail: str, payload: Json) -> Unmappable:
    """Refuse a payload that may not be public; only its kind and size are kept."""
    raw = {
        "withheld": True,
        "field": detail,
        "kind": _KINDS.get(type(payload), "number"),
        "bytes": _size(payload),
    }
    return Unmappable(detail=detail, raw=raw, is_withheld=True)


def unmappable_on_wrong_field(publicly: Callable[[Json], Json]) -> Callable[[Mapper], Mapper]:
    """Return a decorator that makes a mapper's `WrongFieldError` the answer `Unmappable`.

    Args:
        publicly: what of a refused payload may be kept, since it says itself that it is a public
            post; None: nothing.
    """

    def wrapped(mapper: Mapper) -> Mapper:
        @wraps(mapper)
        def refusing(payload: Json, observed_at: int | None) -> Mapped:
            try:
                return mapper(payload, observed_at)
            except WrongFieldError as wrong:
                kept = publicly(payload)
                return (
                    withhold(str(wrong), payload)
                    if kept is None
                    else Unmappable(detail=str(wrong), raw=kept)
                )

        return refusing

    return wrapped


def keep_nothing(_: Json) -> None:
    """Return None, for platforms whose payloads do not say whether they are public."""


def known_by_post_id(_: Json) -> str:
    """Return the empty text, for platforms whose own calls know a post by its `post_id`."""
    return ""


_KINDS = {dict: "object", list: "array", str: "text", bool: "boolean", type(None): "null"}


def _size(payload: Json) -> int | None:
    """Return a payload's bytes; None where it is nested too deeply to be written."""
    try:
        text = payload if isinstance(payload, str) else json.dumps(payload, ensure_ascii=False)
    except RecursionError:
        return None
    return len(text.encode("utf-8", "backslashreplace"))


@dataclass(frozen=True, slots=True)
class Platform:
    """One platform: the functions that find its payloads in an answer and map them.

    Attributes:
        name: as in topics and policies.
        payloads: the single payloads inside a decoded document (a payload or a whole API answer).
        map: one payload and when it was observed (None: not recorded) → what it means.
        reader: the class that reads the platform live, as `module:Class`, so that its client, an
            extra, is imported only where it is used; None: nothing reads it, and its payloads are
            pushed.
        native_id: what the platform's own calls know a payload by, where a delete or a re-fetch
            needs it. With it the producer remembers what it sent.
        dates_edits: whether a mapper knows a later version from an earlier one. Where not, a
            changed text is an edit of the time at which it was seen.
        seen_at: when a payload itself says that it was seen, in microseconds; a replay takes it as
            the time of observation.
        sweeps_at_once: how many posts a sweep hands to the reader together.
        is_own: whether a payload, of whatever kind, has marks that no other platform gives. A file
            without any may still be the platform's.
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
