"""`echostream rescore`: history by the scorer that the settings name now."""

from typing import Annotated

import typer

from cli.context import settings_of


def rescore(
    context: typer.Context,
    rows_per_commit: Annotated[int, typer.Option(min=1, help="at least, in whole days")] = 500_000,
) -> None:
    """Score again what another scorer, or another version of it, has scored; the streams must be stopped."""
    settings = settings_of(context)
    from batch.run import rescore as run  # noqa: PLC0415  # with Spark's libraries, which are slow to load

    rows = 0
    for done in run(settings, rows_per_commit=rows_per_commit):
        rows += done.rows
        failed = (
            f", {done.failed:,} left as they were: the scorer fails on them" if done.failed else ""
        )
        print(
            f"{done.first} to {done.last}: {done.rows:,} rows{failed}; {done.rows_left:,} to go",
            flush=True,
        )
    print(
        f"{rows:,} rows are scored anew by {settings.scorer.name}; the next run brings Gold up to them"
    )
