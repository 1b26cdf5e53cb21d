"""`echostream checkpoint show`, `reset`."""

import json
from typing import Annotated

import typer

from cli.context import settings_of
from cli.input.jobs import JOBS, jobs_of


def show(context: typer.Context) -> None:
    """Show where each job stands, and whether its checkpoint belongs to its table."""
    from lakehouse.jobs import checkpoint_reset

    for state in checkpoint_reset.show(settings_of(context)):
        pending = ", a batch was begun and will be repeated" if state.is_pending else ""
        batch = "none" if state.committed_batch is None else state.committed_batch
        print(f"{state.job}: {state.verdict}")
        print(f"  checkpoint  {state.id or 'none'} at {state.folder}")
        print(f"  table       {state.table}, written by checkpoint {state.table_id or 'none'}")
        print(f"  last batch  {batch}{pending}")
        for lost in state.lost:
            print(f"  lost        {lost}. {lost.remedy}")
        if state.wrong:
            print(f"  wrong       {state.wrong}")
        if state.end is not None:
            print(f"  ended at    {json.dumps(state.end)}")


def reset(
    context: typer.Context,
    job: Annotated[str, typer.Argument(help=", ".join(JOBS))],
) -> None:
    """Set a job's checkpoint aside and begin a new one where its table ends.

    No post counts twice. The command names the records that are lost, if any.
    """
    (name,) = jobs_of(job, most=1)
    from lakehouse.jobs import checkpoint_reset

    done = checkpoint_reset.reset(settings_of(context), name)
    print(f"{done.job}: the next run starts {done.starts}")
    print(f"the old checkpoint, if there was one, is at {done.set_aside}")
    for gap in done.gaps:
        print(f"gap: {gap}")
