"""Write an answer as text: a table for people, JSON or CSV for programs."""

import csv
import io
import json
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

from foundation.csv_cells import neutral_cell
from foundation.errors import UsageError

if TYPE_CHECKING:
    from rich.console import Console

    from serving.sql import Answer  # a wrong format is refused without DuckDB

MAX_ROWS = 200
_MAX_CELL = 120
_LEAST_WIDTH = 80
_PIPE_WIDTH = 200
_AS_IT_IS = frozenset({str, int, bool, type(None)})  # types that JSON knows


@dataclass(frozen=True, slots=True)
class Format:
    """A format of an answer.

    Attributes:
        first: the number of rows that it needs before it writes anything.
        texts: yields the text of an answer's parts as they come.
    """

    first: int
    texts: "Callable[[Iterable[Answer]], Iterator[str]]"


def format_of(name: str, *, raw: bool = False) -> Format:
    """Return a format by its name.

    >>> "".join(format_of("csv").texts([query("var/lake", "SELECT 1")]))

    Args:
        name: table, json or csv.
        raw: whether CSV keeps cells unchanged that a spreadsheet would take for formulas.

    Raises:
        UsageError: there is no such format.
    """
    if name not in _FORMATS:
        raise UsageError(f"no format {name}", remedy="Name one of: " + ", ".join(_FORMATS))
    return _RAW_CSV if raw and name == "csv" else _FORMATS[name]


def _table(answers: "Iterable[Answer]") -> Iterator[str]:
    """Yield only the first rows, since all cells of a column decide its width."""
    from rich.console import Console  # noqa: PLC0415  # JSON and CSV do not need it
    from rich.table import Table  # noqa: PLC0415  # as above

    answer = next(iter(answers))
    rows = answer.rows[:MAX_ROWS]
    shown = Table(box=None, pad_edge=False, header_style="bold")
    for number, column in enumerate(answer.columns):
        numeric = any(isinstance(row[number], int | float | Decimal) for row in rows)
        shown.add_column(
            column, justify="right" if numeric else "left", overflow="ellipsis", no_wrap=True
        )
    for row in rows:
        shown.add_row(*(_cell(value) for value in row))
    out = io.StringIO()
    Console(file=out, width=_width(Console())).print(shown, highlight=False, markup=False)
    is_cut = len(answer.rows) > MAX_ROWS
    cut = " shown, there are more: --format csv writes all" if is_cut else ""
    lines = (line.rstrip() for line in out.getvalue().splitlines())
    yield "\n".join(lines) + f"\n({len(rows)} row{'s' if len(rows) != 1 else ''}{cut})\n"


def _json(answers: "Iterable[Answer]") -> Iterator[str]:
    """Yield an array with one row per line."""
    before = "["
    for answer in answers:
        names = told_apart(answer.columns)
        rows = []
        for row in answer.rows:
            fields = dict(zip(names, map(plain, row), strict=True))
            rows.append(before + json.dumps(fields, ensure_ascii=False))
            before = ",\n "
        yield "".join(rows)
    yield "[]\n" if before == "[" else "]\n"


def told_apart(columns: Sequence[str]) -> list[str]:
    """Return distinct names. A repeated name gets a number that is free.

    >>> told_apart(["n", "name", "n"])
    ['n', 'name', 'n_1']
    """
    taken = set(columns)
    given: set[str] = set()
    names = []
    for column in columns:
        name = column
        number = 0
        while name in given or (number and name in taken):
            number += 1
            name = f"{column}_{number}"
        given.add(name)
        names.append(name)
    return names


def _csv(
    answers: "Iterable[Answer]", written: Callable[[object], object] = neutral_cell
) -> Iterator[str]:
    is_first = True
    for answer in answers:
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        if is_first:
            writer.writerow([written(column) for column in answer.columns])
            is_first = False
        writer.writerows([written(_flat(value)) for value in row] for row in answer.rows)
        yield out.getvalue()


def _width(console: "Console") -> int:
    """Return the terminal's width in characters; a pipe gets a wide one."""
    return max(console.width, _LEAST_WIDTH) if console.is_terminal else _PIPE_WIDTH


def _cell(value: object) -> str:
    short = round(value, 6) if isinstance(value, float) else value
    text = "" if value is None else " ".join(str(_flat(short)).split())
    return text if len(text) <= _MAX_CELL else text[: _MAX_CELL - 1] + "…"


def _flat(value: object) -> object:
    """Return a value that fits into one cell. Null stays null, for which CSV writes nothing."""
    if type(value) in _AS_IT_IS:
        return value
    as_json = plain(value)
    return json.dumps(as_json, ensure_ascii=False) if isinstance(as_json, dict | list) else as_json


def plain(value: Any) -> Any:
    """Return a value that JSON can hold."""
    if type(value) in _AS_IT_IS:  # most values are, and the code below is slow
        return value
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return value if math.isfinite(value) else str(value)
        case dict():
            return {str(key): plain(item) for key, item in value.items()}
        case list() | tuple():
            return [plain(item) for item in value]
        case _:
            return _worded(value)


def _worded(value: object) -> str | int | float:
    """Convert times to UTC, bytes to text or hexadecimal."""
    match value:
        case datetime():
            in_utc = value.astimezone(UTC) if value.tzinfo else value
            return in_utc.isoformat(sep=" ").replace("+00:00", "Z")
        case Decimal():
            return int(value) if value == value.to_integral_value() else float(value)
        case bytes():
            return _bytes(value)
        case _:
            return str(value)


def _bytes(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return "0x" + value.hex()


_FORMATS = {
    "table": Format(MAX_ROWS + 1, _table),
    "json": Format(1, _json),
    "csv": Format(1, _csv),
}
_RAW_CSV = Format(1, partial(_csv, written=lambda value: value))
