"""`echostream sql`, `payload`."""

import sys
from typing import Annotated

import typer

from cli.context import settings_of


def sql(
    context: typer.Context,
    query: Annotated[str, typer.Argument(help="one statement that reads, in DuckDB's dialect")],
    format_: Annotated[str, typer.Option("--format", help="table, json or csv")] = "table",
) -> None:
    """Ask the lake: bronze.posts, silver.posts, gold.…, quarantine.posts, ops.…; SHOW TABLES lists them."""
    from serving.formats import ask  # noqa: PLC0415  # DuckDB and Arrow are slow to load

    settings = settings_of(context)
    sys.stdout.write(
        ask(settings.lake_uri, query, format_, s3=settings.s3, serving=settings.serving)
    )


def payload(
    context: typer.Context,
    topic: Annotated[str, typer.Argument()],
    partition: Annotated[int, typer.Argument()],
    offset: Annotated[int, typer.Argument()],
) -> None:
    """Write one payload of Bronze as it was received, personal data and all; for who may read the payload key."""
    from serving.payload import received  # noqa: PLC0415  # with Arrow, which is slow to load
    from transforms.payloads import At  # noqa: PLC0415  # likewise

    value = received(settings_of(context), At(topic, partition, offset))
    sys.stdout.buffer.write(b"" if value is None else value + b"\n")
