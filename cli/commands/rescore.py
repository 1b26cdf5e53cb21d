"""`echostream rescore`."""

from typing import Annotated

import typer

from batch.run import rescore as run
from cli.context import settings_of


def rescore(
    context: typer.Context,
    rows_per_commit: Annotated[int, typer.Option(min=1, help="at least, in whole days")] = 500_000,
) -> None:
    """Score again what another scorer, or another version of it, has scored.

    The streams must be stopped.
    """
    settings = settings_of(context)
    rows = 0
    for done in run(settings, rows_per_commit=rows_per_commit):
        rows += done.rows
        failed = ""
        if done.failed:
            failed = f", {done.failed:,} left as they were: the scorer fails on them"
        print(
            f"{done.first} to {done.last}: {done.rows:,} rows{failed}; {done.rows_left:,} to go",
            flush=True,
        )
    scorer = settings.scorer.name
    print(f"{rows:,} rows are scored anew by {scorer}; the next run brings Gold up to them")
