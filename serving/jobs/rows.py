"""Read the rows of a job's file as a stream, from any position at which a row begins.

Memory is bounded by the longest allowed row, and longer rows are skipped. A row that cannot be
read becomes a dead letter with its line and a code. An error that makes the rest of the file
unreadable ends the job.
"""

import codecs
import csv
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, NamedTuple

import orjson

from tenancy.jobs import Form

MAX_ROW_BYTES = 1024 * 1024
_BLOCK_BYTES = 256 * 1024
_MAX_ID_CHARS = 512
_MAX_READ_AGAIN_BYTES = 100 * MAX_ROW_BYTES  # of CSV, after quotes without an end
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_BOM = codecs.BOM_UTF8
_SPACE = " \t\r\n"
csv.field_size_limit(MAX_ROW_BYTES)


class BrokenInputError(Exception):
    """Raised with a code if the rest of a file cannot be read."""


class Position(NamedTuple):
    """The position at which the next row begins."""

    offset: int = 0  # in bytes
    line: int = 1  # of the file; in a JSON array the number of the row


@dataclass(frozen=True, slots=True)
class Row:
    """A text to score, with the id and language that its sender gave."""

    line: int
    text: str
    id: str | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Bad:
    """A row that cannot be read."""

    line: int
    code: str


Rows = Iterator[tuple[Row | Bad, Position]]


def read_rows(file: BinaryIO, form: Form, start: Position, *, max_text_chars: int) -> Rows:
    """Yield each row and the position at which the next one begins.

    Args:
        file: the job's input.
        form: `csv`, `json` (an array) or `jsonl`.
        start: the position of the first row to read.
        max_text_chars: a longer text becomes a dead letter.

    Raises:
        BrokenInputError: the rest of the file cannot be read.
    """
    match form:
        case "csv":
            rows = _csv(file, start)
        case "jsonl":
            rows = _json_lines(file, start)
        case _:
            rows = _array(file, start)
    for row, following in rows:
        if isinstance(row, Row) and len(row.text) > max_text_chars:
            yield Bad(row.line, "text_too_long"), following
        else:
            yield row, following


def _lines(file: BinaryIO, start: Position) -> Iterator[tuple[bytes | None, Position]]:
    """Yield each line, or None if it is too long, and the position of the next one."""
    file.seek(start.offset)
    offset, line = start
    while piece := file.readline(MAX_ROW_BYTES):
        offset += len(piece)
        line += 1
        whole: bytes | None = piece
        while len(piece) == MAX_ROW_BYTES and not piece.endswith(b"\n"):
            whole = None
            piece = file.readline(MAX_ROW_BYTES)
            offset += len(piece)
        if whole is not None and line == 2:  # noqa: PLR2004  # the first line
            whole = whole.removeprefix(_BOM)
        yield whole, Position(offset, line)


def _json_lines(file: BinaryIO, start: Position) -> Rows:
    for line, following in _lines(file, start):
        number = following.line - 1
        if line is None:
            yield Bad(number, "too_large"), following
        elif line.strip():
            yield _decoded(number, line), following


def _decoded(number: int, line: bytes) -> Row | Bad:
    try:
        return _row(number, orjson.loads(line))
    except orjson.JSONDecodeError:
        return Bad(number, _why_not_json(line))


def _why_not_json(line: bytes) -> str:
    try:
        line.decode()
    except UnicodeDecodeError:
        return "not_utf8"
    return "malformed"


def _row(number: int, value: Any) -> Row | Bad:
    if isinstance(value, str):
        return Row(number, value)
    if not isinstance(value, dict):
        return Bad(number, "not_an_object")
    text = value.get("text")
    row_id = value.get("id")
    language = value.get("language") or None
    if not isinstance(text, str):
        return Bad(number, "text_missing")
    if isinstance(row_id, int) and not isinstance(row_id, bool):
        row_id = str(row_id)
    if row_id is not None and (not isinstance(row_id, str) or len(row_id) > _MAX_ID_CHARS):
        return Bad(number, "id_invalid")
    if language is not None and not (isinstance(language, str) and _LANGUAGE.fullmatch(language)):
        return Bad(number, "language_invalid")
    return Row(number, text, row_id or None, language)


class _CsvLines:
    """Passes decoded lines to Python's CSV reader, and limits the size of a record."""

    def __init__(self, file: BinaryIO, start: Position) -> None:
        self._file = file
        self.seek(start)

    def seek(self, start: Position) -> None:
        self._lines = _lines(self._file, start)
        self.position = start
        self.first: Position | None = None  # after the first line of this record
        self.bytes = 0

    def begin(self) -> None:
        self.first = None
        self.bytes = 0

    def __iter__(self) -> "_CsvLines":
        return self

    def __next__(self) -> str:
        line, following = next(self._lines)
        self.bytes += following.offset - self.position.offset
        self.position = following
        self.first = self.first or following
        if line is None or self.bytes > MAX_ROW_BYTES:
            raise _TooLargeError
        return line.decode("utf-8", "surrogateescape")


class _TooLargeError(Exception):
    """Raised when a CSV record is too large."""


def _csv(file: BinaryIO, start: Position) -> Rows:
    lines = _CsvLines(file, Position())
    columns = _columns(lines)
    if start.offset:
        lines.seek(start)
    reader = csv.reader(lines, strict=True)
    read_again = 0
    while True:
        number = lines.position.line
        lines.begin()
        try:
            fields = next(reader)
        except StopIteration:
            return
        except (_TooLargeError, csv.Error) as error:
            read_again += lines.bytes
            if read_again > _MAX_READ_AGAIN_BYTES or lines.first is None:
                raise BrokenInputError("malformed_csv") from None
            is_long = isinstance(error, _TooLargeError)
            lines.seek(lines.first)  # the next line may begin a valid record
            reader = csv.reader(lines, strict=True)
            yield Bad(number, "too_large" if is_long else "malformed"), lines.position
            continue
        if fields:
            yield _csv_row(number, columns, fields), lines.position


def _columns(lines: _CsvLines) -> list[str]:
    try:
        header = next(csv.reader(lines, strict=True), [])
    except (_TooLargeError, csv.Error):
        raise BrokenInputError("malformed_header") from None
    columns = [name.strip().lower() for name in header]
    if "text" not in columns:
        raise BrokenInputError("no_text_column")
    if any(columns.count(name) > 1 for name in ("text", "id", "language")):
        raise BrokenInputError("doubled_column")
    return columns


def _csv_row(number: int, columns: list[str], fields: list[str]) -> Row | Bad:
    if len(fields) != len(columns):
        return Bad(number, "wrong_number_of_fields")
    named = dict(zip(columns, fields, strict=True))
    try:
        "".join(fields).encode()
    except UnicodeEncodeError:
        return Bad(number, "not_utf8")
    return _row(
        number,
        {"text": named["text"], "id": named.get("id"), "language": named.get("language")},
    )


class _JsonText:
    """Parses JSON values from a file, block by block."""

    def __init__(self, file: BinaryIO, offset: int) -> None:
        file.seek(offset)
        self._file = file
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._scan = json.JSONDecoder().raw_decode
        self._text = ""
        self._at = 0
        self.offset = offset
        if offset == 0 and file.read(len(_BOM)) == _BOM:
            self.offset = len(_BOM)
        file.seek(self.offset)

    def sign(self) -> str:
        """Skip white space and return the next character; empty at the end."""
        while True:
            while self._at < len(self._text) and self._text[self._at] in _SPACE:
                self._take(self._at + 1)
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                return ""

    def take(self) -> None:
        """Skip one character."""
        self._take(self._at + 1)

    def value(self) -> Any:
        """Return the value that begins here.

        Raises:
            BrokenInputError: it is not JSON, or it is too large.
        """
        while True:
            try:
                value, end = self._scan(self._text, self._at)
            except RecursionError:
                raise BrokenInputError("too_deep") from None
            except ValueError:
                if len(self._text) - self._at > MAX_ROW_BYTES:
                    raise BrokenInputError("too_large") from None
                if not self._more():
                    raise BrokenInputError("malformed") from None
                continue
            if end == len(self._text) and self._more():
                continue  # a number may continue in the next block
            self._take(end)
            return value

    def _take(self, end: int) -> None:
        self.offset += len(self._text[self._at : end].encode())
        self._at = end

    def _more(self) -> bool:
        block = self._file.read(_BLOCK_BYTES)
        try:
            self._text = self._text[self._at :] + self._decoder.decode(block, final=not block)
        except UnicodeDecodeError:
            raise BrokenInputError("not_utf8") from None
        self._at = 0
        return bool(block)


def _array(file: BinaryIO, start: Position) -> Rows:
    text = _JsonText(file, start.offset)
    number = start.line
    if not start.offset:
        if text.sign() != "[":
            raise BrokenInputError("not_an_array")
        text.take()
        if text.sign() == "]":
            text.take()
            _expect_end(text)
            return
    elif not _is_followed(text):
        return
    while True:
        if not text.sign():
            raise BrokenInputError("malformed")
        value = text.value()
        yield _checked(number, value), Position(text.offset, number + 1)
        number += 1
        if not _is_followed(text):
            return


def _checked(number: int, value: Any) -> Row | Bad:
    row = _row(number, value)
    try:
        if isinstance(row, Row):
            f"{row.text}{row.id or ''}".encode()
    except UnicodeEncodeError:  # half of a surrogate pair
        return Bad(number, "malformed")
    return row


def _is_followed(text: _JsonText) -> bool:
    """Skip the comma after a value. Return False at the array's end."""
    sign = text.sign()
    if sign not in (",", "]"):
        raise BrokenInputError("malformed")
    text.take()
    if sign == "]":
        _expect_end(text)
    return sign == ","


def _expect_end(text: _JsonText) -> None:
    if text.sign():
        raise BrokenInputError("malformed")
