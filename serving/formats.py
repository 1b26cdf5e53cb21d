"""An answer as text: a table for people, JSON and CSV for programs."""

import csv
import io
import json
import math
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from rich.console import Console
from rich.table import Table

from foundation.errors import UsageError
from foundation.sections import S3Settings, ServingSettings
from serving.catalog import AWS
from serving.sql import DEFAULTS, Answer, query

MAX_ROWS = 200
_MAX_CELL = 120
_LEAST_WIDTH = 80
_PIPE_WIDTH = 200


def ask(
    lake_uri: str,
    sql: str,
    format_name: str,
    *,
    s3: S3Settings = AWS,
    serving: ServingSettings = DEFAULTS,
) -> str:
    """Return the answer to a query, in that format; a table shows the first rows alone.

    Raises:
        UsageError: there is no such format.
        QueryError: the query cannot be answered.
    """
    if format_name not in _FORMATS:
        raise UsageError(f"no format {format_name}", remedy="Name one of: " + ", ".join(_FORMATS))
    limit = MAX_ROWS if format_name == "table" else None
    return formatted(query(lake_uri, sql, limit=limit, s3=s3, serving=serving), format_name)


def formatted(answer: Answer, format_name: str) -> str:
    """Return an answer in one of the formats."""
    return _FORMATS[format_name](answer)


def _table(answer: Answer) -> str:
    shown = Table(box=None, pad_edge=False, header_style="bold")
    for number, column in enumerate(answer.columns):
        numeric = any(isinstance(row[number], int | float | Decimal) for row in answer.rows)
        shown.add_column(
            column, justify="right" if numeric else "left", overflow="ellipsis", no_wrap=True
        )
    for row in answer.rows:
        shown.add_row(*(_cell(value) for value in row))
    out = io.StringIO()
    Console(file=out, width=_width()).print(shown, highlight=False, markup=False)
    rows = len(answer.rows)
    cut = " shown, there are more: --format csv gives all" if answer.cut else ""
    lines = (line.rstrip() for line in out.getvalue().splitlines())
    return "\n".join(lines) + f"\n({rows} row{'s' if rows != 1 else ''}{cut})\n"


def _json(answer: Answer) -> str:
    rows = [dict(zip(answer.columns, map(plain, row), strict=True)) for row in answer.rows]
    return json.dumps(rows, ensure_ascii=False, indent=1) + "\n"


def _csv(answer: Answer) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(answer.columns)
    writer.writerows(
        ["" if value is None else _flat(value) for value in row] for row in answer.rows
    )
    return out.getvalue()


def _width() -> int:
    """Return the terminal's width; a pipe has none and gets room."""
    console = Console()
    return max(console.width, _LEAST_WIDTH) if console.is_terminal else _PIPE_WIDTH


def _cell(value: object) -> str:
    short = round(value, 6) if isinstance(value, float) else value
    text = "" if value is None else " ".join(str(_flat(short)).split())
    return text if len(text) <= _MAX_CELL else text[: _MAX_CELL - 1] + "…"


def _flat(value: object) -> object:
    """Return a value that fits one cell."""
    as_json = plain(value)
    return json.dumps(as_json, ensure_ascii=False) if isinstance(as_json, dict | list) else as_json


def plain(value: Any) -> Any:
    """Return a value that JSON knows."""
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


_FORMATS: dict[str, Callable[[Answer], str]] = {"table": _table, "json": _json, "csv": _csv}
