"""The records of CSV as people have it: a broken record costs its own first line alone.

The delimiter is found in the header, unless Excel's line `sep=;` or the user names it. Quotes are
those of RFC 4180: a cell may hold delimiters and line ends.
"""

import csv
import io
import re
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from cli.input.lines import MOST_CHARS, Lines
from foundation.errors import UsageError

DELIMITERS: Final = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
_WORDS: Final = {"comma": ",", "semicolon": ";", "tab": "\t", "\\t": "\t", "bar": "|", "pipe": "|"}
_SEP = re.compile(r'"?sep=([^"\r\n\0])"?[ ]*(?:\r\n|\r|\n|\Z)', re.IGNORECASE)
_BROKEN = (
    "is no CSV: a quote is missing, one stands inside a quoted cell,"
    f" or the row has more than {MOST_CHARS:,} characters"
)
# Characters that broken records may give back to be read again: so many, and a few times the file.
_READ_AGAIN = 64 * MOST_CHARS
_TIMES_READ_AGAIN = 4


@dataclass(frozen=True, slots=True)
class Record:
    """A record's cells, or why it has none, and the lines that it takes."""

    line: int
    last_line: int
    cells: list[str]
    fault: str | None = None


def delimiter_named(name: str) -> str:
    """Return the delimiter that a user names: a sign, or a word such as tab.

    Raises:
        UsageError: it is neither.
    """
    delimiter = _WORDS.get(name.lower(), name)
    if len(delimiter) != 1 or delimiter in '"\r\n\0':
        raise UsageError(
            "a delimiter is one sign", remedy="For example: --delimiter ';' or --delimiter tab"
        )
    return delimiter


def delimiter_words(delimiter: str) -> str:
    """Return the delimiter's name in the plural, as in `by commas`."""
    return DELIMITERS.get(delimiter, f"the sign {delimiter}")


class CsvRecords:
    """The records of lines, from the header on; memory holds one.

    Lines of a record that turns out to be broken are read again, from its second line on, each as
    the beginning of a record.
    """

    def __init__(
        self, lines: Lines, *, delimiter: str | None, columns: Sequence[str], prefers: str = ","
    ) -> None:
        """Find the delimiter: the one that is named, or that gives the header these columns."""
        sample = lines.sample
        line = _SEP.match(sample)
        if line:
            next(lines)
            sample = sample[line.end() :]
            delimiter = delimiter or line[1]
        self.delimiter = delimiter or _delimiter_in(sample, columns, prefers)
        self._source = _Source(lines)

    def __iter__(self) -> Iterator[Record]:
        """Yield each record that is not empty."""
        csv.field_size_limit(2 * MOST_CHARS)
        source = self._source
        reader = csv.reader(source, delimiter=self.delimiter, strict=True)
        while True:
            source.begin()
            try:
                cells = next(reader)
            except StopIteration:
                return
            except (csv.Error, _RecordTooLongError):
                yield Record(source.first, source.first, [], source.first_fault or _BROKEN)
                source.read_again()
            else:
                if cells or source.fault:
                    yield Record(source.first, source.last, cells, source.fault)


class _RecordTooLongError(Exception):
    """Raised out of a record, between its lines."""


class _Source:
    """Lines for Python's reader, which remembers those of the present record."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        self._ahead: deque[tuple[int, str]] = deque()
        self._taken: list[tuple[int, str]] = []
        self._chars = 0
        self._read = 0
        self._read_again = 0
        self.fault: str | None = None  # of a line of this record

    @property
    def first(self) -> int:
        """The number of the record's first line."""
        return self._taken[0][0]

    @property
    def first_fault(self) -> str | None:
        """The fault of the record's first line."""
        return self._lines.fault_of(self._taken[0][1])

    @property
    def last(self) -> int:
        """The number of the record's last line."""
        return self._taken[-1][0]

    def begin(self) -> None:
        """Begin a record."""
        self._taken.clear()
        self._chars = 0
        self.fault = None

    def read_again(self) -> None:
        """Put the lines of the record back, except its first."""
        again = self._taken[1:]
        self._read_again += sum(len(text) for _, text in again)
        self._ahead.extendleft(reversed(again))

    def __iter__(self) -> "_Source":
        return self

    def __next__(self) -> str:
        if self._taken and (self._chars > MOST_CHARS or self._is_spent()):
            raise _RecordTooLongError
        if self._ahead:
            number, text = self._ahead.popleft()
        else:
            text = next(self._lines)
            number = self._lines.number
            self._read += len(text)
        self._taken.append((number, text))
        self._chars += len(text)
        self.fault = self.fault or self._lines.fault_of(text)
        return text

    def _is_spent(self) -> bool:
        """Tell whether so much was read again that from here on a row has one line."""
        return self._read_again > _READ_AGAIN + _TIMES_READ_AGAIN * self._read


def _delimiter_in(sample: str, columns: Sequence[str], prefers: str) -> str:
    """Return the delimiter by which the header has the columns, or else the most columns."""
    wanted = {plain_name(name) for name in columns}

    def rank(delimiter: str) -> tuple[bool, int]:
        header = _header(sample, delimiter)
        return wanted <= {plain_name(name) for name in header}, len(header)

    return max([prefers, *DELIMITERS], key=rank)  # the first of equal ones


def _header(sample: str, delimiter: str) -> list[str]:
    reader = csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter, strict=True)
    try:
        return next((cells for cells in reader if cells), [])
    except csv.Error:  # of a wrong delimiter, or of the right one and a broken header
        return sample.splitlines()[0].split(delimiter)


def plain_name(name: str) -> str:
    """Return a column's name as it is compared: without case and spaces around it."""
    return name.strip().casefold()
