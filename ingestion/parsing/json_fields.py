"""Fields of decoded JSON, of which any may be missing or of another type."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NoReturn, TypeVar

from ingestion.platform import Json, WrongFieldError

T = TypeVar("T")
Contents = Callable[[Json], tuple[list[Json], list[Json]]]

_SAYING = (
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
    """Return a field that must be there with this type.

    Raises:
        WrongFieldError: it is not.
    """
    value = holder.get(name)
    if not isinstance(value, kind):
        raise WrongFieldError(name)
    return value


def optional_text(holder: dict[str, Json], name: str) -> str | None:
    """Return a text; None where it is missing or empty.

    Raises:
        WrongFieldError: it is something else.
    """
    value = holder.get(name)
    if value is None or isinstance(value, str):
        return value or None
    raise WrongFieldError(name)


def items_of_type(values: Json, kind: type[T]) -> list[T]:
    """Return the items of a list that have this type and are not empty."""
    return (
        [value for value in values if isinstance(value, kind) and value]
        if isinstance(values, list)
        else []
    )


def text_fields(objects: Json, name: str) -> list[str]:
    """Return one text field of every object in a list."""
    return items_of_type([item.get(name) for item in items_of_type(objects, dict)], str)


def value_at(holder: Json, *names: str) -> Json:
    """Return the value along a path; None where a step is missing."""
    for name in names:
        holder = holder.get(name) if isinstance(holder, dict) else None
    return holder


def is_only_text(payload: Json, *path: str, own: Sequence[str] = ()) -> bool:
    """Return whether the post along the path is the only object with a text.

    Another object inside may be a private post.

    Args:
        payload: the post, or what holds it.
        path: to the post.
        own: fields whose objects are parts of the post.
    """
    post = value_at(payload, *path)
    todo = [payload]
    while todo:
        item = todo.pop()
        if isinstance(item, dict):
            if item is not post and any(
                isinstance(item.get(name), str) and item[name] for name in _SAYING
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
    """Return the values that are integers of 64 bits."""
    return {
        name: value
        for name, value in values.items()
        if isinstance(value, int) and not isinstance(value, bool) and -_INT64 <= value < _INT64
    }


def fields_of(item: Mapping[str, Json], names: Iterable[str]) -> dict[str, Json]:
    """Return those of the named fields that the object has."""
    return {name: item[name] for name in names if name in item}


def kind_by_field(item: dict[str, Json], kinds: Iterable[tuple[str, str]]) -> str | None:
    """Return the kind of the first pair (field, kind) whose field the object has."""
    return next((kind for field, kind in kinds if field in item), None)


def chunks(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """Split a sequence into parts of at most that size."""
    return (items[start : start + size] for start in range(0, len(items), size))


def payloads_within(document: Json, contents: Contents) -> Iterator[Json]:
    """Yield the single payloads of a document in its order, without recursion.

    Args:
        document: decoded JSON of any shape.
        contents: what an item holds: the payload that it is itself, if any, and what to look into
            next.
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
    """Parse the JSON inside a JSON string; None where it is none, or nested too deeply."""
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
