"""`echostream ropa`."""

import json
from typing import Annotated, Literal

import typer

from cli.context import settings_of


def ropa(
    context: typer.Context,
    format_: Annotated[
        Literal["markdown", "json"],
        typer.Option("--format", help="markdown for people, json for programs"),
    ] = "markdown",
) -> None:
    """Write the record of processing (GDPR Art. 30) from tables, policies and settings."""
    from serving.ropa import as_markdown, record

    processing = record(settings_of(context))
    if format_ == "json":
        print(json.dumps(processing, ensure_ascii=False, indent=1))
    else:
        print(as_markdown(processing))
