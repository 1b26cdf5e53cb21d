"""`echostream retain`."""

from typing import Annotated

import typer

from cli.context import landing_of, settings_of
from foundation import clock


def retain(
    context: typer.Context,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="say what would expire, change nothing")
    ] = False,
) -> None:
    """Remove what the policies of conf/policies keep no longer, in every layer; the streams must be stopped.

    While they run they do the same for the tables, every upkeep.retain_interval_s.
    """
    settings = settings_of(context)
    now = clock.now()
    from batch.run import retain as run  # noqa: PLC0415  # with Spark's libraries, which are slow to load
    from foundation.policies import policies  # noqa: PLC0415
    from ingestion.privacy.expire import forget  # noqa: PLC0415
    from ingestion.producer.build import store_place  # noqa: PLC0415
    from ingestion.state.store import IngestStore  # noqa: PLC0415

    done = "would expire" if dry_run else "expired"
    for each in run(settings, now=now, dry_run=dry_run):
        _say(
            f"{each.field}: {each.rows:,} rows {done}",
            each.waiting,
            "a stream has still to read them",
        )
    for gone in forget(
        policies(),
        now=now,
        landing=lambda platform: landing_of(settings, platform),
        store=lambda platform: IngestStore(
            store_place(settings), owner=settings.owner, platform=platform
        ),
        dry_run=dry_run,
    ):
        unit = "files" if gone.field == "landing.answers" else "ids"
        if gone.count or gone.waiting:
            what = f"{gone.field} of {gone.platform}: {gone.count:,} {unit} {done}"
            _say(what, gone.waiting, "no load has sent them")


def _say(what: str, waiting: int, why: str) -> None:
    print(what + (f"; {waiting:,} are kept: {why}" if waiting else ""), flush=True)
