"""Write rows as CSV or JSON lines: each read again as it was, and safe in a spreadsheet."""

import csv
import gzip
import json
import math
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from foundation.csv_cells import neutral_cell
from foundation.errors import TextFileError

_MARK = "\ufeff"


@dataclass(frozen=True, slots=True)
class RowForm:
    """The form of rows in a file; what is not CSV is JSON lines."""

    is_csv: bool
    delimiter: str = ","
    is_raw: bool = False  # cells that a spreadsheet takes for formulas stay as they are
    has_mark: bool = False  # by which Excel knows UTF-8; of a file alone
    name_of: Callable[[str], str] = str  # the name of a row's column


class RowWriter:
    """Writes rows in a form; CSV gets its header with the first."""

    def __init__(self, stream: IO[str], form: RowForm) -> None:
        self._stream = stream
        self._form = form
        # Lines end with CR LF: with another end csv would leave a lone CR in a cell unquoted.
        self._cells = csv.writer(stream, delimiter=form.delimiter) if form.is_csv else None
        self._has_header = False

    def header(self, columns: Sequence[str]) -> None:
        """Write the header of a file without rows; JSON lines have none."""
        if self._cells and not self._has_header:
            names = [self._form.name_of(column) for column in columns]
            self._cells.writerow(self._safe(names))
            self._has_header = True

    def row(self, row: dict[str, Any]) -> None:
        """Write a row; its columns are those of the first."""
        if self._cells:
            self.header([*row])
            self._cells.writerow(self._safe([*row.values()]))
            return
        self._stream.write(f"{_json(row)}\n")

    def _safe(self, cells: Sequence[Any]) -> Sequence[Any]:
        return cells if self._form.is_raw else [neutral_cell(cell) for cell in cells]


@contextmanager
def writing(path: Path | None, form: RowForm) -> Iterator[RowWriter]:
    """Yield a writer of rows into a file, which appears when it is complete, or to standard output.

    Raises:
        TextFileError: the file cannot be written.
    """
    if path is None:
        yield RowWriter(sys.stdout, form)
        return
    with appearing(path) as stream, _named_errors(path):
        if form.is_csv and form.has_mark:
            stream.write(_MARK)
        yield RowWriter(stream, form)


@contextmanager
def appearing(path: Path) -> Iterator[IO[str]]:
    """Yield a stream into a file, which appears when it is complete; .gz is packed.

    Raises:
        TextFileError: the file cannot be written.
    """
    part = path.with_name(f".{path.name}.part")
    opened: Any = gzip.open if path.suffix == ".gz" else open
    try:
        with _named_errors(path):
            stream = opened(part, "wt", encoding="utf-8", newline="")
        try:
            yield stream
        except BaseException:  # of the work itself, which may fail for reasons of its own
            with suppress(OSError):
                stream.close()
            raise
        with _named_errors(path):
            stream.close()
            part.replace(path)
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


@contextmanager
def _named_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise TextFileError(
            f"cannot write {path} ({error.strerror})", remedy="Name another file"
        ) from None


def _json(row: dict[str, Any]) -> str:
    """Return a row as JSON, which has neither NaN nor half of a surrogate pair as a sign."""
    try:
        line = json.dumps(row, ensure_ascii=False, allow_nan=False)
    except ValueError:  # a number such as 1e999 is infinite to Python
        line = json.dumps(_finite(row), ensure_ascii=False, allow_nan=False)
    with suppress(UnicodeEncodeError):
        line.encode()
        return line
    return json.dumps(_finite(row), allow_nan=False)


def _finite(value: Any) -> Any:
    """Return a value with null in place of numbers that JSON does not have."""
    match value:
        case float():
            return value if math.isfinite(value) else None
        case dict():
            return {name: _finite(item) for name, item in value.items()}
        case list():
            return [_finite(item) for item in value]
        case _:
            return value
