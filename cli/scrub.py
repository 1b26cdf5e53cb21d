"""`echostream scrub`."""

import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from enum import StrEnum
from itertools import islice
from typing import Annotated, Any

import orjson
import typer

from cli.options import settings_of
from foundation.errors import EchoStreamError
from transforms.pii.detect import redact
from transforms.pii.options import Options
from transforms.pii.sanitizer import Piece, Sanitizer
from transforms.pii.spans import Span

_MOST_CHARS = 4_000_000  # a line may be longer than a post; beyond it a line is refused
_AT_ONCE = 256  # lines: names are looked for in many texts together
_WORTH_SAVING = b"\\u"  # orjson refuses lone surrogates, which platforms do send


class Form(StrEnum):
    """What a line holds."""

    TEXT = "text"
    JSONL = "jsonl"


class ScrubError(EchoStreamError):
    """Raised when a line cannot be scrubbed; it never quotes the line."""


def scrub(
    context: typer.Context,
    form: Annotated[Form, typer.Option("--format", help="a line is a text, or an object with `text`")] = Form.TEXT,
) -> None:
    """Take personal data out of what comes on standard input; what is left goes to standard output."""
    options = Options.of(settings_of(context).sanitizer)
    sanitizer = Sanitizer(replace(options, max_chars=max(options.max_chars, _MOST_CHARS)))
    out = sys.stdout.buffer
    for line in scrubbed(sys.stdin.buffer, form, sanitizer):
        out.write(line)
    out.flush()


def scrubbed(lines: Iterable[bytes], form: Form, sanitizer: Sanitizer) -> Iterator[bytes]:
    """Each line without its personal data, some at a time.

    Raises:
        ScrubError: a line is no JSON object, its fields are of other types, or the sanitizer fails on it.
    """
    numbered = enumerate(lines, start=1)
    while some := list(islice(numbered, _AT_ONCE)):
        if form is Form.TEXT:
            texts = [line.decode("utf-8", "surrogateescape") for _, line in some]
            for text, spans in _found(sanitizer, [(text, ()) for text in texts], [number for number, _ in some]):
                yield redact(text, spans).encode("utf-8", "surrogateescape")
        else:
            yield from _json_lines([(number, line) for number, line in some if line.strip()], sanitizer)


def _found(sanitizer: Sanitizer, pieces: list[Piece], numbers: list[int]) -> Iterator[tuple[str, list[Span]]]:
    for number, (text, _), spans in zip(numbers, pieces, sanitizer.spans(pieces), strict=True):
        if spans is None:
            raise ScrubError(
                f"Line {number} cannot be scrubbed: it is too long, or takes too long",
                remedy="Nothing of it is shown; drop that line, or raise sanitizer.max_seconds",
            )
        yield text, spans


def _json_lines(lines: list[tuple[int, bytes]], sanitizer: Sanitizer) -> Iterator[bytes]:
    numbers = [number for number, _ in lines]
    read = [_read(line, number) for number, line in lines]
    found = _found(sanitizer, [(text or "", exact) for _, text, exact in read], numbers)
    for (post, text, _), (_, spans) in zip(read, found, strict=True):
        post["text"] = redact(text, spans) if text else text
        post["spans"] = [span._asdict() for span in spans]
        try:
            yield orjson.dumps(post, option=orjson.OPT_APPEND_NEWLINE)
        except TypeError:
            yield json.dumps(post).encode() + b"\n"


def _read(line: bytes, number: int) -> tuple[dict[str, Any], str | None, list[str]]:
    try:
        post = _parsed(line)
        return post, *_fields(post)
    except (ValueError, TypeError, RecursionError):
        raise ScrubError(
            f"Line {number} is no JSON object with `text`", remedy="Nothing of it is shown; mend or drop that line"
        ) from None


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
