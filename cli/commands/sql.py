"""`echostream sql`."""

import codecs
import sys
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from cli.context import settings_of
from cli.input.signals import ending_soon
from foundation.errors import UsageError
from serving.formats import format_of

_STANDARD_INPUT = "-"
_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


def sql(
    context: typer.Context,
    query: Annotated[
        str | None,
        typer.Argument(
            help="one statement that reads, in DuckDB's dialect; - takes it from standard input",
            show_default=False,
        ),
    ] = None,
    file: Annotated[
        Path | None, typer.Option(help="the file that holds the statement", show_default=False)
    ] = None,
    format_: Annotated[str, typer.Option("--format", help="table, json or csv")] = "table",
    raw: Annotated[
        bool, typer.Option("--raw", help="csv: leave cells as they are, also formulas")
    ] = False,
) -> None:
    """Ask the tables of the lake a question in SQL; the command writes nothing.

    "SHOW TABLES" lists the tables, "DESCRIBE gold.sentiment_hourly" the columns of one.
    docs/analyse/sql.md has examples.
    """
    chosen = format_of(format_, raw=raw)
    statement = _statement(query, file)
    with ending_soon() as stops:
        from serving.sql import stream

        settings = settings_of(context)
        answers = stream(
            settings.lake_uri,
            statement,
            first=chosen.first,
            s3=settings.s3,
            serving=settings.serving,
            stoppable=stops.append,
        )
        with closing(answers):
            for text in chosen.texts(answers):
                sys.stdout.write(text)
                sys.stdout.flush()  # a program that reads the first row may need no other


def _statement(query: str | None, file: Path | None) -> str:
    if query is not None and file is not None:
        raise UsageError(
            "a query and --file are given", remedy="Write the query, or name the file that holds it"
        )
    if _STANDARD_INPUT in (query, str(file)):
        return _text(sys.stdin.buffer.read(), "standard input")
    if query is not None:
        return _text(query.encode("utf-8", "surrogateescape"), "the query")
    if file is None:
        raise UsageError(
            "no query is given",
            remedy='Write it in double quotes, as in "SHOW TABLES", or name its file with --file',
        )
    try:
        content = file.read_bytes()
    except OSError as error:
        raise UsageError(
            f"{file} cannot be read: {error.strerror}", remedy="Name a file that holds a query"
        ) from None
    return _text(content, str(file))


def _text(content: bytes, where: str) -> str:
    encoding = next((name for mark, name in _MARKS.items() if content.startswith(mark)), "utf-8")
    try:
        return content.decode(encoding)
    except UnicodeDecodeError:
        raise UsageError(f"{where} is no text in UTF-8", remedy="Save it in UTF-8") from None
