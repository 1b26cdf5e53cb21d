"""`echostream sql`."""

import sys
from typing import Annotated

import typer

from cli.context import settings_of
from serving.formats import ask


def sql(
    context: typer.Context,
    query: Annotated[str, typer.Argument(help="one statement that reads, in DuckDB's dialect")],
    format_: Annotated[str, typer.Option("--format", help="table, json or csv")] = "table",
) -> None:
    """Query bronze.posts, silver.posts, gold.…, quarantine.posts, ops.…; SHOW TABLES lists them."""
    settings = settings_of(context)
    sys.stdout.write(
        ask(settings.lake_uri, query, format_, s3=settings.s3, serving=settings.serving)
    )
