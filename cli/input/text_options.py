"""The options of commands that read files of texts."""

import codecs
from pathlib import Path
from typing import Annotated

import typer

from cli.input.csv_records import delimiter_named
from cli.input.text_files import Reading
from foundation.errors import UsageError

ColumnOption = Annotated[
    str, typer.Option("--column", help="the column or field with the texts", show_default=True)
]
DelimiterOption = Annotated[
    str | None,
    typer.Option("--delimiter", help="of CSV: a sign, or tab; default: found in the header"),
]
EncodingOption = Annotated[
    str | None,
    typer.Option("--encoding", help="of the file, such as cp1252; default: found in the file"),
]
ErrorsOption = Annotated[
    Path | None,
    typer.Option(
        "--errors", help="a file for the lines of rows that cannot be read, each with the reason"
    ),
]


def reading_of(column: str, delimiter: str | None, encoding: str | None) -> Reading:
    """Return how a file is to be read.

    Raises:
        UsageError: there is no such encoding, or the delimiter is none.
    """
    if encoding is not None:
        try:
            codecs.lookup(encoding)
            "text".encode(encoding)
        except (LookupError, UnicodeError, ValueError):
            raise UsageError(
                f"{encoding} is no encoding of texts",
                remedy="Name one that Python knows, such as cp1252, utf-16 or shift_jis",
            ) from None
    named = None if delimiter is None else delimiter_named(delimiter)
    return Reading(column=column, delimiter=named, encoding=encoding)
