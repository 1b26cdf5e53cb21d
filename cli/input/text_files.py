"""Read rows with a `text` from CSV or JSON lines, one at a time, and write them with more columns.

The suffix tells the form: .csv, .jsonl or .ndjson, each also as .gz. CSV follows RFC 4180, with a
header.
"""

import csv
import gzip
import io
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from foundation.errors import EchoStreamError, UsageError

Row = dict[str, Any]  # a column's cell, or whatever a JSON field holds

_FORMS = {".csv": "csv", ".jsonl": "json", ".ndjson": "json"}
_LONGEST_CELL = 1 << 27


class TextFileError(EchoStreamError):
    """Raised when a file of texts cannot be read or written; it never quotes a line."""


def form_of(path: Path) -> str:
    """Return the form: csv or json.

    Raises:
        UsageError: the suffix says neither.
    """
    suffix = Path(path.stem).suffix if path.suffix == ".gz" else path.suffix
    if suffix.lower() not in _FORMS:
        raise UsageError(
            f"{path} is of no known form",
            remedy=f"Name a file with one of: {', '.join(_FORMS)} (and .gz)",
        )
    return _FORMS[suffix.lower()]


class TextFile:
    """A file's rows, of which each has the needed columns; memory holds one row.

    Raises:
        UsageError: a needed column is not there, or the file's form is unknown.
        TextFileError: the file cannot be read, or a line is malformed.
    """

    def __init__(
        self, path: Path, *needed: str, progress: Callable[[int, float], None] | None = None
    ) -> None:
        """`progress` is told the number of rows and the share of the file's bytes that are read."""
        self.path = path
        self.form = form_of(path)
        self.columns: list[str] = []  # of CSV, once the header is read
        self._needed = needed
        self._progress = progress

    def __iter__(self) -> Iterator[Row]:
        """Yield the rows, from the first to the last."""
        number = 0
        try:
            with self.path.open("rb") as raw:
                size = max(1, os.fstat(raw.fileno()).st_size)
                opened: Any = gzip.open(raw) if self.path.suffix == ".gz" else raw  # noqa: SIM115  # the text stream closes it
                with io.TextIOWrapper(
                    opened, "utf-8-sig", newline="" if self.form == "csv" else "\n"
                ) as lines:
                    for row in (
                        self._csv_rows(lines) if self.form == "csv" else self._json_rows(lines)
                    ):
                        yield row
                        number += 1
                        if self._progress:
                            self._progress(number, raw.tell() / size)
        except UnicodeDecodeError:
            raise TextFileError(
                f"{self.path} is not UTF-8, soon after row {number}", remedy="Convert it"
            ) from None
        except (OSError, EOFError) as error:
            why = getattr(error, "strerror", None) or "it is no complete .gz file"
            raise TextFileError(
                f"cannot read {self.path} ({why})", remedy="Name a file that can be read"
            ) from None

    def _csv_rows(self, lines: IO[str]) -> Iterator[Row]:
        csv.field_size_limit(_LONGEST_CELL)
        reader = csv.reader(lines, strict=True)
        try:
            self.columns = next(reader, [])
            self._check_header()
            for cells in reader:
                if cells:
                    yield self._csv_row(cells, reader.line_num)
        except csv.Error as error:
            raise self._wrong_line(reader.line_num, f"is no CSV ({error})") from None

    def _csv_row(self, cells: list[str], line: int) -> Row:
        if len(cells) != len(self.columns):
            raise self._wrong_line(
                line, f"ends a row of {len(cells)} cells, the header has {len(self.columns)}"
            )
        return dict(zip(self.columns, cells, strict=True))

    def _check_header(self) -> None:
        for name in self._needed:
            if name not in self.columns:
                header = ", ".join(self.columns)[:200]
                raise UsageError(
                    f"{self.path} has no column {name}",
                    remedy=f"Its columns, by commas, are: {header}",
                )
        if len(set(self.columns)) < len(self.columns):
            raise UsageError(
                f"{self.path} has two columns of one name", remedy="Give each a name of its own"
            )

    def _json_rows(self, lines: IO[str]) -> Iterator[Row]:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except (ValueError, RecursionError):
                row = None
            if not isinstance(row, dict):
                raise self._wrong_line(number, "is no JSON object")
            for name in self._needed:
                if not isinstance(row.get(name, 0), str | None):
                    raise self._wrong_line(number, f"has no field {name} with a string or null")
            yield row

    def _wrong_line(self, number: int, problem: str) -> TextFileError:
        return TextFileError(f"{self.path}: line {number} {problem}", remedy="Mend that line")


class RowWriter:
    """Writes rows in a form; CSV gets its header with the first."""

    def __init__(self, stream: IO[str], form: str) -> None:
        self._stream = stream
        # Lines end with CR LF: with another end csv would leave a lone CR in a cell unquoted.
        self._cells = csv.writer(stream) if form == "csv" else None
        self._has_header = False

    def header(self, columns: Sequence[str]) -> None:
        """Write the header of a file without rows; JSON lines have none."""
        if self._cells and not self._has_header:
            self._cells.writerow(columns)
            self._has_header = True

    def row(self, row: Row) -> None:
        """Write a row; its columns are those of the first."""
        if self._cells:
            self.header([*row])
            self._cells.writerow(row.values())
            return
        line = json.dumps(row, ensure_ascii=False)
        with suppress(UnicodeEncodeError):
            line.encode()
            self._stream.write(f"{line}\n")
            return
        # Half a surrogate pair, which platforms do send, is written by its number.
        self._stream.write(f"{json.dumps(row)}\n")


@contextmanager
def writing(path: Path | None, form: str) -> Iterator[RowWriter]:
    """Yield a writer of rows into a file, which appears when it is complete, or to standard output.

    Raises:
        TextFileError: the file cannot be written.
    """
    if path is None:
        yield RowWriter(sys.stdout, form)
        return
    part = path.with_name(f".{path.name}.part")
    try:
        opened: Any = gzip.open if path.suffix == ".gz" else open
        with opened(part, "wt", encoding="utf-8", newline="") as stream:
            yield RowWriter(stream, form)
        part.replace(path)
    except OSError as error:
        raise TextFileError(
            f"cannot write {path} ({error.strerror})", remedy="Name another file"
        ) from None
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
