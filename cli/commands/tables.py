"""`echostream rebuild`, `replay-quarantine`, `compact`."""

from typing import Annotated, Literal

import typer

from cli.context import settings_of
from cli.input.wait import WaitForLake
from cli.output.lines import print_lines
from foundation.errors import UsageError
from schemas.reasons import Reason


def rebuild(
    context: typer.Context,
    layer: Annotated[
        Literal["silver", "gold"], typer.Argument(help="silver from Bronze, or gold from Silver")
    ],
    wait_for_lake: WaitForLake = 0,
) -> None:
    """Rebuild Silver or Gold from the layer before it. Stop the streams first."""
    from batch import rebuild_gold, rebuild_silver

    jobs = {"silver": rebuild_silver.job, "gold": rebuild_gold.job}
    print_lines(jobs[layer].run(settings_of(context), wait_s=wait_for_lake))


def replay_quarantine(
    context: typer.Context,
    reason: Annotated[
        str | None, typer.Option(help="only records that were quarantined for this reason")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="say what would happen, write nothing")
    ] = False,
    wait_for_lake: WaitForLake = 0,
) -> None:
    """Apply today's rules to records that older rules quarantined. Stop the streams first."""
    if reason is not None and reason not in set(Reason):
        raise UsageError(f"there is no reason {reason}", remedy=f"Name one of: {', '.join(Reason)}")
    from batch.replay_quarantine import job

    lines = job.run(settings_of(context), wait_s=wait_for_lake, reason=reason, dry_run=dry_run)
    print_lines(lines)


def compact(context: typer.Context, wait_for_lake: WaitForLake = 0) -> None:
    """Merge small files and delete those that no reader needs. Stop the streams first."""
    from batch.compact import job

    print_lines(job.run(settings_of(context), wait_s=wait_for_lake))
