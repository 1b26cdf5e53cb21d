"""`echostream rebuild`: tables from the layer before them."""

from typing import Annotated, Literal

import typer

from cli.options import settings_of


def rebuild(
    context: typer.Context,
    layer: Annotated[Literal["silver", "gold"], typer.Argument(help="silver from Bronze, or gold from Silver")],
) -> None:
    """Build Silver or Gold anew from the layer before it; the streams must be stopped."""
    settings = settings_of(context)
    from batch.run import run  # noqa: PLC0415  # with Spark's libraries, which are slow to load

    for table, rows in run(settings, layer).items():
        print(f"{table}: {rows:,} rows")
