"""`echostream enforce-retention`, of which `retain` is the former name."""

from typing import Annotated

import typer

from cli.context import settings_of
from cli.input.wait import WaitForLake
from cli.lake import landing_of
from cli.output.lines import print_lines
from foundation import clock
from foundation.policies import policies
from ingestion.privacy.expire import expire
from ingestion.producer.build import store_location
from ingestion.state.store import IngestStore


def enforce_retention(
    context: typer.Context,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="say what would be deleted, change nothing")
    ] = False,
    wait_for_lake: WaitForLake = 0,
) -> None:
    """Delete data past the retention periods of conf/policies, in every layer.

    Stop the streams first. Running streams delete from the tables by themselves, every
    upkeep.retain_interval_s.
    """
    from batch.enforce_retention import job, verb_for, with_kept

    settings = settings_of(context)
    now = clock.now()
    print_lines(job.run(settings, wait_s=wait_for_lake, dry_run=dry_run, now=now))
    verb = verb_for(dry_run=dry_run)
    for deletion in expire(
        policies(),
        now=now,
        landing=lambda platform: landing_of(settings, platform),
        store=lambda platform: IngestStore(
            store_location(settings), owner=settings.owner, platform=platform
        ),
        dry_run=dry_run,
    ):
        unit = "files" if deletion.field == "landing.answers" else "ids"
        if deletion.count or deletion.waiting:
            text = f"{deletion.field} of {deletion.platform}: {deletion.count:,} {unit} {verb}"
            print(with_kept(text, deletion.waiting, "no load has sent them"))
