"""`echostream enforce-retention`, of which `retain` is the former name."""

from typing import Annotated

import typer

from batch.run import retain as run
from cli.context import settings_of
from cli.lake import landing_of
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
) -> None:
    """Delete data past the retention periods of conf/policies, in every layer.

    The streams must be stopped. While they run they do the same for the tables, every
    upkeep.retain_interval_s.
    """
    settings = settings_of(context)
    now = clock.now()
    verb = "would expire" if dry_run else "expired"
    for rule in run(settings, now=now, dry_run=dry_run):
        _print(
            f"{rule.field}: {rule.rows:,} rows {verb}",
            rule.waiting,
            "a stream has still to read them",
        )
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
            _print(
                f"{deletion.field} of {deletion.platform}: {deletion.count:,} {unit} {verb}",
                deletion.waiting,
                "no load has sent them",
            )


def _print(line: str, waiting: int, reason: str) -> None:
    kept = f"; {waiting:,} are kept: {reason}" if waiting else ""
    print(line + kept, flush=True)
