"""`echostream rescore`."""

from typing import Annotated

import typer

from batch import ROWS_PER_COMMIT
from cli.context import settings_of
from cli.input.wait import WaitForLake
from cli.output.lines import print_lines


def rescore(
    context: typer.Context,
    rows_per_commit: Annotated[
        int, typer.Option(min=1, help="the least rows of one commit, which takes whole days")
    ] = ROWS_PER_COMMIT,
    wait_for_lake: WaitForLake = 0,
) -> None:
    """Score again the posts that another scorer, or another version of it, has scored.

    Stop the streams first. Gold follows with their next run.
    """
    from batch.rescore import job

    settings = settings_of(context)
    print_lines(job.run(settings, wait_s=wait_for_lake, rows_per_commit=rows_per_commit))
