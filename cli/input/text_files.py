"""Read rows with a text from CSV or JSON lines as people have them, one at a time.

The suffix tells the form: .csv, .tsv and .tab, or .jsonl and .ndjson, each also as .gz; .txt is
Excel's text with tabs. A row that cannot be read is reported with its line and left out.
"""

import gzip
import io
import json
import os
import stat
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from cli.input.csv_records import CsvRecords, Record, delimiter_words, plain_name
from cli.input.lines import Lines, Readable
from foundation.errors import TextFileError, UsageError

__all__ = ["Reading", "Row", "TextFile", "TextFileError", "form_of", "has_tab_suffix", "name_of"]

Row = dict[str, Any]  # a column's cell, or whatever a JSON field holds

_FORMS = {".csv": "csv", ".tsv": "csv", ".tab": "csv", ".jsonl": "json", ".ndjson": "json"}
_TABS = (".tsv", ".tab", ".txt")
_GZIP = b"\x1f\x8b"
_OTHER_FILES: Final = {
    b"PK\x03\x04": ("a workbook or a zip archive", "Save the sheet as CSV UTF-8"),
    b"\xd0\xcf\x11\xe0": ("a workbook of an old Excel", "Save the sheet as CSV UTF-8"),
    b"\x28\xb5\x2f\xfd": ("packed by zstd", "Unpack it: zstd -d"),
    b"%PDF": ("a PDF", "Name a file of CSV or JSON lines"),
}
_LONGEST_MAGIC = 4
# What programs write into a cell of CSV for a value that is not there.
_NOTHING = frozenset({"NaN", "nan", "None", "null", "NULL"})
_UNTIL_A_FIELD = 1_000  # rows of JSON that may come before the first one with the field
_LONGEST_NAME = 40
_MOST_NAMES = 30


class NoSuchFieldError(TextFileError):
    """Raised when no row of JSON lines has a field that is needed."""

    exit_code = UsageError.exit_code


@dataclass(frozen=True, slots=True)
class Reading:
    """A user's own words on how to read a file; what is None is found in the file."""

    column: str = "text"  # with the texts
    delimiter: str | None = None
    encoding: str | None = None


def form_of(path: Path) -> str:
    """Return the form: csv or json.

    Raises:
        UsageError: neither the suffix nor, of a .txt, the content says it.
    """
    suffix = _suffix(path)
    if suffix in _FORMS:
        return _FORMS[suffix]
    if suffix == ".txt" and _has_tabs(path):
        return "csv"
    raise UsageError(
        f"{path} is of no known form",
        remedy=f"Name a file with one of: {', '.join(_FORMS)} (and .gz)",
    )


def has_tab_suffix(path: Path) -> bool:
    """Tell whether the suffix stands for columns that tabs separate."""
    return _suffix(path) in _TABS


def name_of(key: str) -> str:
    """Return the name of the column that a row has under this key."""
    return key.partition("\0")[0]


class TextFile:
    """A file's rows; memory holds one. A context manager: on entry it reads the header of CSV.

    Columns of one name get keys of their own, which `name_of` turns back into the name.

        with TextFile(path, "text", left_out=print) as file:
            for row in file:
                print(file.value(row, "text"))

    Raises:
        UsageError: a needed column is not there, or the file's form is unknown.
        TextFileError: the file cannot be read; without `left_out`, also if a row cannot be.
    """

    def __init__(
        self,
        path: Path,
        *needed: str,
        reading: Reading | None = None,
        left_out: Callable[[int, str], None] | None = None,
        progress: Callable[[int, float], None] | None = None,
    ) -> None:
        """Take the names of the needed columns, of which `text` has the name in `reading`.

        `left_out` is told the line of each row that cannot be read, and why. `progress` is told the
        number of rows and the share of the file's bytes that are read.
        """
        self.path = path
        self.form = form_of(path)
        self.columns: list[str] = []  # of CSV
        self.delimiter = ","
        self.has_mark = False
        self._reading = reading or Reading()
        self._left_out = left_out or self._refuse
        self._progress = progress
        self._keys = {name: self._reading.column if name == "text" else name for name in needed}
        self._stack = ExitStack()
        self._read_share: Callable[[], float] = lambda: 0.0
        self._lines: Lines | None = None
        self._records: Iterator[Record] = iter(())

    @property
    def encoding(self) -> str:
        """The encoding of the lines so far."""
        return self._lines.encoding if self._lines else "utf-8"

    def __enter__(self) -> Self:
        """Open the file."""
        with self._named_errors(), ExitStack() as stack:
            raw = stack.enter_context(self.path.open("rb"))
            state = os.fstat(raw.fileno())
            if stat.S_ISREG(state.st_mode) and state.st_size:
                self._read_share = lambda: raw.tell() / state.st_size
            self._open(raw)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        self._stack.close()

    def __iter__(self) -> Iterator[Row]:
        """Yield the rows that can be read, from the first to the last."""
        if self._lines is None:
            raise RuntimeError("a file is read inside `with`")
        with self._named_errors():
            rows = self._csv_rows() if self.form == "csv" else self._json_rows(self._lines)
            for number, row in enumerate(rows, start=1):
                if self._progress:
                    self._progress(number, self._read_share())
                yield row

    def value(self, row: Row, needed: str) -> Any:
        """Return a needed column's value of a row, None where there is none."""
        value = _field(row, self._keys.get(needed, needed))
        return None if self.form == "csv" and value in _NOTHING else value

    def _open(self, raw: io.BufferedReader) -> None:
        for magic, (kind, remedy) in _OTHER_FILES.items():
            if raw.peek(_LONGEST_MAGIC).startswith(magic):
                raise UsageError(f"{self.path} is {kind}", remedy=remedy)
        self._lines = Lines(
            _unpacked(raw), encoding=self._reading.encoding, may_be_western=self.form == "csv"
        )
        self.has_mark = self._lines.has_mark
        if self.form == "csv":
            self._open_csv(self._lines)

    def _open_csv(self, lines: Lines) -> None:
        records = CsvRecords(
            lines,
            delimiter=self._reading.delimiter,
            columns=[*self._keys.values()],
            prefers="\t" if has_tab_suffix(self.path) else ",",
        )
        self.delimiter = records.delimiter
        self._records = iter(records)
        header = next(self._records, None)
        if header is None:
            raise UsageError(f"{self.path} is empty", remedy="Name a file with a header")
        if header.fault:
            raise UsageError(
                f"{self.path}: line {header.line}, the header, {header.fault}",
                remedy="Mend that line, or name --encoding or --delimiter",
            )
        self._find_columns(header.cells)
        self.columns = _keys_of(header.cells)

    def _find_columns(self, header: list[str]) -> None:
        for needed, name in self._keys.items():
            found = _matches(header, name)
            if not found:
                raise UsageError(
                    f"{self.path} has no column {name}",
                    remedy=f"Its columns, by {delimiter_words(self.delimiter)}, are:"
                    f" {_listed(header)}{_how_to_name(needed)}",
                )
            if len(found) > 1:
                raise UsageError(
                    f"{self.path} has two columns of one name, {name}",
                    remedy="Give each a name of its own",
                )
            self._keys[needed] = found[0]

    def _csv_rows(self) -> Iterator[Row]:
        for record in self._records:
            cells = record.cells
            extra = cells[len(self.columns) :]
            if extra and not any(extra):  # empty cells behind the last column, as Excel adds them
                cells = cells[: len(self.columns)]
            fault = record.fault
            if not fault and len(cells) != len(self.columns):
                fault = _wrong_count(record, len(self.columns))
            if fault:
                self._left_out(record.line, fault)
            else:
                yield dict(zip(self.columns, cells, strict=True))

    def _json_rows(self, lines: Lines) -> Iterator[Row]:
        """Yield the objects; a few may come before the first one that has the needed fields."""
        missing = dict(self._keys)
        waiting: list[Row] = []
        first = last = 0
        for number, row in self._json_objects(lines):
            if not missing:
                yield row
                continue
            first = first or number
            last = number
            missing = {needed: name for needed, name in missing.items() if not _has(row, name)}
            waiting.append(row)
            if not missing:
                yield from waiting
                waiting.clear()
            elif len(waiting) == _UNTIL_A_FIELD:
                break
        if waiting:
            needed, name = next(iter(missing.items()))
            raise NoSuchFieldError(
                f"{self.path}: line {first} has no field {name} with a string or null,"
                f" nor has any row up to line {last}",
                remedy=f"Its fields are: {_listed([*waiting[0]])}{_how_to_name(needed)}",
            )

    def _json_objects(self, lines: Lines) -> Iterator[tuple[int, Row]]:
        for text in lines:
            if not text.strip():
                continue
            row = None if lines.fault_of(text) else _json_object(text)
            fault = lines.fault_of(text) if row is None else self._wrong_field(row)
            if row is None or fault:
                self._left_out(lines.number, fault or _no_object(text))
            else:
                yield lines.number, row

    def _wrong_field(self, row: Row) -> str | None:
        for name in self._keys.values():
            if not isinstance(_field(row, name), str | None):
                return f"has no field {name} with a string or null"
        return None

    def _refuse(self, line: int, fault: str) -> None:
        raise TextFileError(f"{self.path}: line {line} {fault}", remedy="Mend that line")

    @contextmanager
    def _named_errors(self) -> Iterator[None]:
        try:
            yield
        except (OSError, EOFError, zlib.error, UnicodeError) as error:
            why = getattr(error, "strerror", None) or "it is no complete .gz file"
            if isinstance(error, UnicodeError):
                why = f"it is not {self._reading.encoding}"
            raise TextFileError(
                f"cannot read {self.path} ({why})", remedy="Name a file that can be read"
            ) from None


def _suffix(path: Path) -> str:
    return (Path(path.stem) if path.suffix == ".gz" else path).suffix.lower()


def _has_tabs(path: Path) -> bool:
    """Tell whether the first line of a file has a tab."""
    with suppress(OSError, EOFError, zlib.error), path.open("rb") as raw:
        return "\t" in Lines(_unpacked(raw)).sample.partition("\n")[0]
    return False


def _unpacked(raw: io.BufferedReader) -> Readable:
    """Return the stream, unpacked if it begins as gzip does."""
    return gzip.GzipFile(fileobj=raw) if raw.peek(_LONGEST_MAGIC).startswith(_GZIP) else raw


def _json_object(text: str) -> Row | None:
    try:
        row = json.loads(text, parse_constant=_null)
    except (ValueError, RecursionError):
        return None
    return row if isinstance(row, dict) else None


def _no_object(text: str) -> str:
    is_array = text.lstrip().startswith("[")
    return f"is no JSON object{', but an array: a row is an object' if is_array else ''}"


def _null(_: str) -> None:
    """Return null for NaN and the infinities, which JSON does not have."""


def _wrong_count(record: Record, columns: int) -> str:
    if record.last_line == record.line:
        return f"ends a row of {len(record.cells)} cells, the header has {columns}"
    return (
        f"begins a row of {len(record.cells)} cells that ends on line {record.last_line},"
        f" the header has {columns}"
    )


def _keys_of(header: Sequence[str]) -> list[str]:
    """Return a key for each column: its name, with a number behind a NUL where it comes again."""
    seen: Counter[str] = Counter()
    keys = []
    for name in header:
        keys.append(f"{name}\0{seen[name]}" if seen[name] else name)
        seen[name] += 1
    return keys


def _matches(names: Sequence[str], wanted: str) -> list[str]:
    """Return the names that are the wanted one, or else those that differ in case and spaces."""
    same = [name for name in names if name == wanted]
    return same or [name for name in names if plain_name(name) == plain_name(wanted)]


def _has(row: Row, name: str) -> bool:
    return name in row or len(_matches([*row], name)) == 1


def _field(row: Row, name: str) -> Any:
    if name in row:
        return row[name]
    found = _matches([*row], name)
    return row[found[0]] if len(found) == 1 else None


def _listed(names: Sequence[str]) -> str:
    """Return names for an error; a long one may be a text, and is not shown."""
    shown = [name if len(name) <= _LONGEST_NAME else "(a long name)" for name in names]
    more = f" and {len(shown) - _MOST_NAMES} more" if len(shown) > _MOST_NAMES else ""
    return f"{', '.join(shown[:_MOST_NAMES])}{more}"


def _how_to_name(needed: str) -> str:
    return ". Name the one with the texts by --column" if needed == "text" else ""
