"""`echostream sql`."""

import sys
from typing import Annotated

import typer

from cli.options import settings_of


def sql(
    context: typer.Context,
    query: Annotated[str, typer.Argument(help="one statement that reads, in DuckDB's dialect")],
    format_: Annotated[str, typer.Option("--format", help="table, json or csv")] = "table",
) -> None:
    """Ask the lake: bronze.posts, silver.posts, gold.…, quarantine.posts, ops.…; SHOW TABLES lists them."""
    from serving.formats import ask  # noqa: PLC0415  # DuckDB and Arrow are slow to load

    settings = settings_of(context)
    sys.stdout.write(ask(settings.lake_uri, query, format_, s3=settings.s3))
