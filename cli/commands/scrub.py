"""`echostream scrub`."""

import codecs
import io
import json
import os
import re
import stat
import sys
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import partial
from itertools import chain, islice
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO

import orjson
import typer

from cli.context import settings_of
from cli.output.in_order import in_order, processes
from foundation.errors import EchoStreamError, UsageError
from transforms.controls import without_controls

if TYPE_CHECKING:  # help and refusals wait neither for the sanitizer nor for settings
    from transforms.pii.options import Options
    from transforms.pii.sanitizer import Piece, Sanitizer
    from transforms.pii.spans import Span

_MOST_CHARS = 4_000_000  # a line may be longer than a post; beyond it a line is refused
_AT_ONCE = 256  # lines: names are looked for in many texts together
_MOST_BYTES = 1_000_000  # of them, after which no further line is added
_FEW = 4  # times as many lines are done before other processes could be up
_WORTH_SAVING = b"\\u"  # orjson refuses lone surrogates, which platforms do send
# The longer marks come first, because the shorter ones are their beginnings.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_LONGEST_MARK = 4
# A text in UTF-16 has a NUL beside each letter of ASCII; one in four bytes is enough,
_LEAST_NULS = 4
_NUL_SHARE = 4
# or a few letters and digits in a row.
_EACH_WITH_NULS = re.compile(rb"(?:[^\0]\0{1,3}){5}|(?:\0{1,3}[^\0]){5}")
_ENDS = "Nothing of it is shown, and the output ends before it"
# Types of personal data that are removed from the names of fields. Handles and links stay: "@type"
# and addresses of schemas are such names.
_IN_KEYS = frozenset(
    {"EMAIL", "PHONE", "CARD", "IBAN", "SSN", "ZA_ID", "NINO", "NATIONAL_ID", "CRYPTO", "PROFILE"}
)
_SUSPECT = re.compile(r"\W|\d{6}")  # other names of fields are words


class Form(StrEnum):
    """The content of a line."""

    TEXT = "text"
    JSONL = "jsonl"


class ScrubError(EchoStreamError):
    """Raised when a line cannot be scrubbed; it never quotes the line."""


@dataclass(slots=True)
class Fields:
    """The string fields of an object to clean, those named or all; and those that were left."""

    named: frozenset[str] = frozenset()
    used: set[str] = field(default_factory=set)
    left: Counter[str] = field(default_factory=Counter)
    # the clean names of fields by names that hold personal data
    names: dict[str, str] = field(default_factory=dict)

    def takes(self, path: str) -> bool:
        """Tell whether the field at that path is cleaned, as itself or within one that is named."""
        if not self.named:
            return True
        parts = path.split(".")
        hits = self.named.intersection(".".join(parts[: at + 1]) for at in range(len(parts)))
        self.used |= hits
        if not hits:
            for name, clean in self.names.items():
                path = path.replace(name, clean)
            self.left[path] += 1
        return bool(hits)

    def add(self, other: "Fields") -> None:
        """Take in what is known of further lines."""
        self.used |= other.used
        self.left += other.left

    def remarks(self) -> Iterator[str]:
        """Name the fields that were not cleaned."""
        if self.left:
            yield f"left as they were: {', '.join(sorted(self.left))}"
        if unseen := self.named - self.used:
            yield f"no line has a text in: {', '.join(sorted(unseen))}"


Chunk = list[tuple[int, bytes]]  # lines with their numbers


@dataclass(slots=True)
class Outcome:
    """What became of some lines: those before the error, where there is one.

    Attributes:
        fields: those of objects that were cleaned, and those that were left.
        size: the bytes that were read.
        lines: clean.
        error: of a line that cannot be scrubbed.
    """

    fields: Fields
    size: int
    lines: list[bytes] = field(default_factory=list)
    error: ScrubError | None = None


@dataclass(frozen=True, slots=True)
class _Text:
    """A string in an object, and the function that writes it back."""

    path: str
    value: str
    put: Callable[[str], None]


def scrub(
    context: typer.Context,
    form: Annotated[
        Form, typer.Option("--format", help="whether a line is a text or a JSON object")
    ] = Form.TEXT,
    fields: Annotated[
        str,
        typer.Option(
            help="of jsonl: the fields to clean, such as text,user.bio; default: all strings"
        ),
    ] = "",
) -> None:
    """Remove personal data from standard input, and write the rest to standard output."""
    chosen = Fields(frozenset(name.strip() for name in fields.split(",") if name.strip()))
    if chosen.named and form is Form.TEXT:
        raise UsageError(
            "--fields is of no use to lines of text", remedy="Add --format jsonl, or leave it out"
        )
    from transforms.pii.options import Options

    options = Options.of(settings_of(context).sanitizer)
    make = partial(
        _work,
        form,
        replace(options, max_chars=max(options.max_chars, _MOST_CHARS)),
        chosen.named,
    )
    outcomes = _outcomes(chunks_of(lines_of(sys.stdin.buffer)), make)
    with _progress() as tell, closing(outcomes):
        for outcome in outcomes:
            sys.stdout.buffer.writelines(outcome.lines)
            chosen.add(outcome.fields)
            if outcome.error:
                raise outcome.error
            tell(outcome.size)
    sys.stdout.flush()
    for remark in chosen.remarks():
        print(remark, file=sys.stderr)


def _work(form: Form, options: "Options", named: frozenset[str]) -> Callable[[Chunk], Outcome]:
    """Return the function that scrubs some lines; it has a sanitizer of its own."""
    from transforms.pii.sanitizer import Sanitizer

    sanitizer = Sanitizer(options)

    def work(chunk: Chunk) -> Outcome:
        outcome = Outcome(Fields(named), sum(len(line) for _, line in chunk))
        try:
            outcome.lines.extend(_scrubbed(chunk, form, sanitizer, outcome.fields))
        except ScrubError as error:
            outcome.error = error
        return outcome

    return work


def _outcomes(
    chunks: Iterator[Chunk], make: Callable[[], Callable[[Chunk], Outcome]]
) -> Generator[Outcome, None, None]:
    """Yield what becomes of the lines, in their order; of many, by all cores."""
    work = make()
    yield from map(work, islice(chunks, _FEW))
    count = processes()
    if count > 1 and (first := next(chunks, None)):
        del work
        yield from in_order(chain([first], chunks), make, count)
    else:
        yield from map(work, chunks)


@contextmanager
def _progress() -> Iterator[Callable[[int], None]]:
    """Show how far it is on a terminal, unless the lines themselves go to one."""
    from local.progress import Ticker

    if not sys.stderr.isatty() or sys.stdout.isatty():
        yield lambda _: None
        return
    done = 0
    total = _megabytes(_size_of(sys.stdin.buffer)) or None
    with Ticker("scrub", total=total, unit="MB") as ticker:

        def tell(size: int) -> None:
            nonlocal done
            done += size
            ticker.to(_megabytes(done))

        yield tell


def _size_of(stream: BinaryIO) -> int:
    """Return the size of a file; 0 of what is no file."""
    status = os.fstat(stream.fileno())
    return status.st_size if stat.S_ISREG(status.st_mode) else 0


def _megabytes(size: int) -> int:
    return -(-size // 1_000_000)


def lines_of(stream: BinaryIO) -> Iterator[bytes]:
    """Yield the lines of a stream in UTF-8, whatever encoding its first bytes name.

    Raises:
        ScrubError: the stream is not in the encoding that its first bytes name.
    """
    head = stream.read(_LONGEST_MARK)
    encoding = next((name for mark, name in _MARKS if head.startswith(mark)), None)
    if encoding is None:
        first = head + stream.readline() if not head.endswith(b"\n") else head
        yield from chain(io.BytesIO(first), stream)
        return
    # The whole input is read, so that damage further on is refused before anything is shown.
    try:
        text = (head + stream.read()).decode(encoding)
    except UnicodeDecodeError:
        raise ScrubError(
            f"The input begins as {encoding.upper()}, and is damaged further on",
            remedy="Nothing of it is shown; save it as UTF-8",
        ) from None
    yield from io.BytesIO(text.encode("utf-8", "surrogatepass"))


def scrubbed(
    lines: Iterable[bytes], form: Form, sanitizer: "Sanitizer", fields: Fields | None = None
) -> Iterator[bytes]:
    """Yield each line without its personal data, some at a time.

    Raises:
        ScrubError: a line is no JSON object, its fields are of other types, it is in another
            encoding than UTF-8, or the sanitizer fails on it.
    """
    for chunk in chunks_of(lines):
        yield from _scrubbed(chunk, form, sanitizer, fields)


def chunks_of(lines: Iterable[bytes]) -> Iterator[Chunk]:
    """Yield the lines some at a time, each with its number."""
    chunk: Chunk = []
    size = 0
    for number, line in enumerate(lines, start=1):
        chunk.append((number, line))
        size += len(line)
        if len(chunk) == _AT_ONCE or size >= _MOST_BYTES:
            yield chunk
            chunk = []
            size = 0
    if chunk:
        yield chunk


def _scrubbed(
    chunk: Chunk, form: Form, sanitizer: "Sanitizer", fields: Fields | None
) -> Iterator[bytes]:
    for number, line in chunk:
        _refuse_nuls(line, number)
    if form is Form.JSONL:
        lines = [(number, line) for number, line in chunk if line.strip()]
        yield from _json_lines(lines, sanitizer, fields)
        return
    texts = [without_controls(line.decode("utf-8", "surrogateescape")) for _, line in chunk]
    pieces: list[Piece] = [(text, ()) for text in texts]
    for text, spans in _with_spans(sanitizer, pieces, [number for number, _ in chunk]):
        yield _redacted(text, spans).encode("utf-8", "surrogateescape")


def _redacted(text: str, spans: "list[Span]") -> str:
    from transforms.pii.detect import redact

    return redact(text, spans)


def _refuse_nuls(line: bytes, number: int) -> None:
    nuls = line.count(0)
    if nuls >= _LEAST_NULS and (nuls * _NUL_SHARE >= len(line) or _EACH_WITH_NULS.search(line)):
        raise ScrubError(
            f"Line {number} has a NUL byte beside its letters, as UTF-16 and UTF-32 have,"
            " and nothing says which it is",
            remedy=f"{_ENDS}; save the input as UTF-8 (iconv -f UTF-16LE -t UTF-8)",
        )


def _with_spans(
    sanitizer: "Sanitizer", pieces: "list[Piece]", numbers: list[int]
) -> "Iterator[tuple[str, list[Span]]]":
    for number, (text, _), spans in zip(numbers, pieces, sanitizer.spans(pieces), strict=True):
        if spans is None:
            raise ScrubError(
                f"Line {number} cannot be scrubbed: it is too long, or takes too long",
                remedy=f"{_ENDS}; drop that line, or raise sanitizer.max_seconds",
            )
        yield text, spans


def _json_lines(
    lines: list[tuple[int, bytes]], sanitizer: "Sanitizer", fields: Fields | None
) -> Iterator[bytes]:
    read = [(number, *_read(line, number)) for number, line in lines]
    chosen = fields or Fields()
    chosen.names = _clean_names(read, sanitizer)
    texts = [[text for text in _texts_in(post) if chosen.takes(text.path)] for _, post, _ in read]
    pieces: list[Piece] = [
        (without_controls(text.value), exact)
        for (_, _, exact), of_post in zip(read, texts, strict=True)
        for text in of_post
    ]
    numbers = [number for (number, _, _), of_post in zip(read, texts, strict=True) for _ in of_post]
    results = _with_spans(sanitizer, pieces, numbers)
    for (_, post, _), of_post in zip(read, texts, strict=True):
        own: list[Span] = []
        for text in of_post:
            value, spans = next(results)
            text.put(_redacted(value, spans))
            if text.path == "text":
                own = spans
        _rename(post, chosen.names)
        post["spans"] = [span._asdict() for span in own]
        try:
            yield orjson.dumps(post, option=orjson.OPT_APPEND_NEWLINE)
        except TypeError:
            yield json.dumps(post).encode() + b"\n"


def _texts_in(post: dict[str, Any]) -> Iterator[_Text]:
    """Yield each string of an object at any depth, without recursion.

    A string in a list has the list's own path.
    """
    waiting: list[tuple[str, Any]] = [("", post)]
    while waiting:
        path, value = waiting.pop()
        named = isinstance(value, dict)
        for key, member in list(value.items() if named else enumerate(value)):
            at = (f"{path}.{key}" if path else key) if named else path
            if isinstance(member, str):
                yield _Text(at, member, partial(value.__setitem__, key))
            elif isinstance(member, dict | list):
                waiting.append((at, member))


def _clean_names(
    read: list[tuple[int, dict[str, Any], list[str]]], sanitizer: "Sanitizer"
) -> dict[str, str]:
    """Return the clean names of fields by those names that hold personal data."""
    first = {
        key: number
        for number, post, _ in reversed(read)
        for object_ in _objects_in(post)
        for key in object_
        if _SUSPECT.search(key)
    }
    pieces: list[Piece] = [(without_controls(key), ()) for key in first]
    results = _with_spans(sanitizer, pieces, list(first.values()))
    renamed = {}
    for key, (name, spans) in zip(first, results, strict=True):
        if taken := [span for span in spans if span.type in _IN_KEYS]:
            renamed[key] = _redacted(name, taken)
    return renamed


def _rename(post: dict[str, Any], names: dict[str, str]) -> None:
    """Give fields their clean names, in their order; equal names get numbers."""
    if not names:
        return
    for object_ in list(_objects_in(post)):
        if names.keys().isdisjoint(object_):
            continue
        items = list(object_.items())
        object_.clear()
        for key, value in items:
            name = clean = names.get(key, key)
            count = 1
            while name in object_:
                count += 1
                name = f"{clean} {count}"
            object_[name] = value


def _objects_in(post: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the objects in an object, itself among them, without recursion."""
    waiting: list[Any] = [post]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            yield value
        waiting += [
            member
            for member in (value.values() if isinstance(value, dict) else value)
            if isinstance(member, dict | list)
        ]


def _read(line: bytes, number: int) -> tuple[dict[str, Any], list[str]]:
    try:
        post = _parsed(line)
        return post, _names_in(post)
    except (ValueError, TypeError, RecursionError):
        raise ScrubError(
            f"Line {number} is no JSON object, or its `text`, author or mentions are no strings",
            remedy=f"{_ENDS}; mend or drop that line",
        ) from None


def _parsed(line: bytes) -> dict[str, Any]:
    """Return the object on a line; its values are whatever JSON has."""
    try:
        post = orjson.loads(line)
    except ValueError:
        if _WORTH_SAVING not in line:
            raise
        post = json.loads(line)
    if not isinstance(post, dict):
        raise TypeError
    return post


def _names_in(post: dict[str, Any]) -> list[str]:
    """Return the strings that name a person in this very object."""
    mentions = post.get("mentions") or []
    names = [post.get("author_handle"), post.get("author_name"), *mentions]
    if not isinstance(post.get("text"), str | None) or not all(
        isinstance(name, str | None) for name in names
    ):
        raise TypeError
    return [name for name in names if name]
