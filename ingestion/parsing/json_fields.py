"""Read fields of decoded JSON, each of which may be missing or of another type."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NoReturn, TypeVar

from ingestion.platform import Json, WrongFieldError

T = TypeVar("T")
Contents = Callable[[Json], tuple[list[Json], list[Json]]]

_TEXT_FIELDS = (
    "text",
    "full_text",
    "message",
    "content",
    "commentary",
    "body",
    "bodyMarkdown",
    "selftext",
    "caption",
)
_INT64 = 2**63
_MAX_DEPTH = 200


def required_field(holder: dict[str, Json], name: str, kind: type[T]) -> T:
    """Return a required field of this type.

    Raises:
        WrongFieldError: the field is missing, or has another type.
    """
    value = holder.get(name)
    if not isinstance(value, kind):
        raise WrongFieldError(name)
    return value


def optional_text(holder: dict[str, Json], name: str) -> str | None:
    """Return a text field; None if it is missing, null or empty.

    Raises:
        WrongFieldError: the field has another type.
    """
    value = holder.get(name)
    if value is None or isinstance(value, str):
        return value or None
    raise WrongFieldError(name)


def items_of_type(values: Json, kind: type[T]) -> list[T]:
    """Return the items of a list that have this type and are not empty; no items of a non-list."""
    return (
        [value for value in values if isinstance(value, kind) and value]
        if isinstance(values, list)
        else []
    )


def text_fields(objects: Json, name: str) -> list[str]:
    """Return one text field of every object in a list."""
    return items_of_type([item.get(name) for item in items_of_type(objects, dict)], str)


def value_at(holder: Json, *names: str) -> Json:
    """Return the value along a path of names; None if a step is missing."""
    for name in names:
        holder = holder.get(name) if isinstance(holder, dict) else None
    return holder


def is_only_text(payload: Json, *path: str, own: Sequence[str] = ()) -> bool:
    """Return whether the post along the path is the only object with a text.

    Any other such object could be a private post.

    Args:
        payload: the post, or an object that holds it.
        path: the names that lead to the post.
        own: fields whose objects are parts of the post.
    """
    post = value_at(payload, *path)
    todo = [payload]
    while todo:
        item = todo.pop()
        if isinstance(item, dict):
            if item is not post and any(
                isinstance(item.get(name), str) and item[name] for name in _TEXT_FIELDS
            ):
                return False
            todo += [value for name, value in item.items() if name not in own]
        elif isinstance(item, list):
            todo += item
    return True


def distinct(values: Iterable[str]) -> tuple[str, ...]:
    """Return each value once, in order."""
    return tuple(dict.fromkeys(values))


def integer_counts(values: Mapping[str, Json]) -> dict[str, int]:
    """Return the values that are integers and fit into 64 bits."""
    return {
        name: value
        for name, value in values.items()
        if isinstance(value, int) and not isinstance(value, bool) and -_INT64 <= value < _INT64
    }


def fields_of(item: Mapping[str, Json], names: Iterable[str]) -> dict[str, Json]:
    """Return those of the named fields that the object has."""
    return {name: item[name] for name in names if name in item}


def kind_by_field(item: dict[str, Json], kinds: Iterable[tuple[str, str]]) -> str | None:
    """Return the kind of the first pair (field, kind) whose field the object has, or None."""
    return next((kind for field, kind in kinds if field in item), None)


def chunks(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """Split a sequence into parts of at most that size."""
    return (items[start : start + size] for start in range(0, len(items), size))


def payloads_within(document: Json, contents: Contents) -> Iterator[Json]:
    """Yield the single payloads of a document in its order, without recursion.

    Args:
        document: decoded JSON of any shape.
        contents: returns the payloads that an item is itself, and the items inside it that are
            to be searched next.
    """
    todo = [document]
    while todo:
        item = todo.pop()
        if isinstance(item, list):
            todo.extend(reversed(item))
            continue
        own, nested = contents(item)
        yield from own
        todo.extend(reversed(nested))


def parse_json_text(text: str) -> Json:
    """Parse a text as JSON; None if it is not JSON, is `null`, or is nested too deeply."""
    try:
        value = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None
    level = [value]
    for _ in range(_MAX_DEPTH):
        level = [
            within
            for outer in level
            if isinstance(outer, dict | list)
            for within in (outer.values() if isinstance(outer, dict) else outer)
        ]
    return None if level else value


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
