"""`echostream scrub`."""

import json
import sys
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Annotated, Any

import orjson
import typer

from foundation.errors import EchoStreamError
from transforms.pii.detect import find, redact

_WORTH_SAVING = b"\\u"  # orjson refuses lone surrogates, which platforms do send


class Form(StrEnum):
    """What a line holds."""

    TEXT = "text"
    JSONL = "jsonl"


class ScrubError(EchoStreamError):
    """Raised when a line cannot be scrubbed; it never quotes the line."""


def scrub(
    form: Annotated[Form, typer.Option("--format", help="a line is a text, or an object with `text`")] = Form.TEXT,
) -> None:
    """Take personal data out of what comes on standard input; what is left goes to standard output."""
    out = sys.stdout.buffer
    for line in scrubbed(sys.stdin.buffer, form):
        out.write(line)
    out.flush()


def scrubbed(lines: Iterable[bytes], form: Form) -> Iterator[bytes]:
    """Each line without its personal data, one at a time.

    Raises:
        ScrubError: a line is no JSON object, or its fields are of other types.
    """
    for number, line in enumerate(lines, start=1):
        if form is Form.TEXT:
            yield _text_line(line)
        elif line.strip():
            yield _json_line(line, number)


def _text_line(line: bytes) -> bytes:
    text = line.decode("utf-8", "surrogateescape")
    return redact(text, find(text)).encode("utf-8", "surrogateescape")


def _json_line(line: bytes, number: int) -> bytes:
    try:
        post = _parsed(line)
        text, exact = _fields(post)
    except (ValueError, TypeError, RecursionError):
        raise ScrubError(
            f"Line {number} is no JSON object with `text`", remedy="Nothing of it is shown; mend or drop that line"
        ) from None
    spans = find(text, exact) if text else []
    post["text"] = redact(text, spans) if text else text
    post["spans"] = [span._asdict() for span in spans]
    try:
        return orjson.dumps(post, option=orjson.OPT_APPEND_NEWLINE)
    except TypeError:
        return json.dumps(post).encode() + b"\n"


def _parsed(line: bytes) -> dict[str, Any]:
    """The object on a line; its values are whatever JSON has."""
    try:
        post = orjson.loads(line)
    except ValueError:
        if _WORTH_SAVING not in line:
            raise
        post = json.loads(line)
    if not isinstance(post, dict):
        raise TypeError
    return post


def _fields(post: dict[str, Any]) -> tuple[str | None, list[str]]:
    if "text" not in post:
        raise ValueError
    text, mentions = post["text"], post.get("mentions") or []
    names = [post.get("author_handle"), post.get("author_name"), *mentions]
    if not isinstance(text, str | None) or not all(isinstance(name, str | None) for name in names):
        raise TypeError
    return text, [name for name in names if name]
