"""Generate docs/reference/event.md from schemas/event.py and its JSON Schema."""

from pathlib import Path
from typing import Any

from schemas import event
from schemas.event import CE_HEADERS, MAX_RECORD_BYTES, ROUTING_HEADERS, json_schema
from tools.docs.markdown import page, sentence, table
from tools.docs.meanings import comments_of_members

_INTRO = f"""\
This page is for engineers who write a [producer](../concepts/glossary.md#producer), or who read a \
topic of Kafka.

A producer sends one JSON object per change of a post. Its topic is `social.<platform>.posts.v1`, \
its Kafka key is the [pseudonym](../concepts/glossary.md#pseudonym) of the post, so that \
create, edit and delete of a post stay in order. \
Deletes of whole accounts go to `social.<platform>.authors.v1`. A record has at most \
{MAX_RECORD_BYTES:,} bytes before compression. Times are whole microseconds since 1970 in UTC.

`schemas/post_event.v1.json` is the contract as JSON Schema 2020-12. Unknown fields are allowed \
and ignored, so that a producer may be newer than its readers."""
_PARTS = {"rights": "RightsField", "source": "SourceField", "keys": "KeysField"}


def event_page() -> str:
    """Return the page of the event's fields as Markdown."""
    comments = comments_of_members(Path(str(event.__file__)))
    schema: Any = json_schema()
    lines = ["## Headers", "", "A record has these Kafka headers: ", ""]
    lines += [f"- CloudEvents 1.0, binary mode: {_codes(CE_HEADERS)}"]
    lines += [f"- For Bronze, which does not open the payload: {_codes(ROUTING_HEADERS)}", ""]
    lines += ["## Fields", "", *_fields(schema, comments["Event"]), ""]
    for name, source in _PARTS.items():
        lines += [f"## `{name}`", ""]
        lines += [*_fields(schema["properties"][name], comments[source]), ""]
    lines += [f"Operations (`op`): {_codes(event.OPS)}."]
    return page("Event", _INTRO, lines)


def uncommented() -> list[str]:
    """Return the fields without a comment, for a test."""
    comments = comments_of_members(Path(str(event.__file__)))
    return [
        f"{kind}.{name}"
        for kind in ("Event", *_PARTS.values())
        for name, comment in comments[kind].items()
        if not comment
    ]


def _fields(schema: Any, comments: dict[str, str]) -> list[str]:
    required = schema["required"]
    rows = [
        (f"`{name}`", _type(field), "yes" if name in required else "no", sentence(comments[name]))
        for name, field in schema["properties"].items()
    ]
    return table(("field", "type", "required", "meaning"), rows)


def _type(field: Any) -> str:
    kinds = field["type"] if isinstance(field["type"], list) else [field["type"]]
    name = " or ".join(kinds)
    if kinds == ["array"]:
        return f"array of {field['items']['type']}"
    if "additionalProperties" in field:
        return f"object of {field['additionalProperties']['type']}"
    return name


def _codes(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)
