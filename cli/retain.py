"""`echostream retain`."""

from datetime import UTC, datetime

import typer

from cli.options import landing_of, settings_of


def retain(context: typer.Context) -> None:
    """Remove what the policies of conf/policies keep no longer, in every layer; the streams must be stopped."""
    settings = settings_of(context)
    now = datetime.now(UTC)
    from batch.run import retain as run  # noqa: PLC0415  # with Spark's libraries, which are slow to load
    from foundation.policies import policies  # noqa: PLC0415
    from ingestion.expiry import forget  # noqa: PLC0415
    from ingestion.start import store_place  # noqa: PLC0415
    from ingestion.store import IngestStore  # noqa: PLC0415

    for done in run(settings, now=now):
        _say(done.field, done.rows, "rows", done.waiting, "a stream has still to read them")
    for gone in forget(
        policies(),
        now=now,
        landing=lambda platform: landing_of(settings, platform),
        store=lambda platform: IngestStore(store_place(settings), owner=settings.owner, platform=platform),
    ):
        unit = "files" if gone.field == "landing.answers" else "ids"
        if gone.count or gone.waiting:
            _say(f"{gone.field} of {gone.platform}", gone.count, unit, gone.waiting, "no load has sent them")


def _say(what: str, count: int, unit: str, waiting: int, why: str) -> None:
    print(f"{what}: {count:,} {unit} expired" + (f"; {waiting:,} are kept: {why}" if waiting else ""), flush=True)
