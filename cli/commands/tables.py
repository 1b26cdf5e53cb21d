"""`echostream rebuild`, `replay-quarantine`, `compact`: jobs over what the lake holds."""

from typing import Annotated, Literal

import typer

from cli.context import settings_of
from foundation.errors import UsageError
from schemas.reasons import Fate, Reason


def rebuild(
    context: typer.Context,
    layer: Annotated[
        Literal["silver", "gold"], typer.Argument(help="silver from Bronze, or gold from Silver")
    ],
) -> None:
    """Build Silver or Gold anew from the layer before it; the streams must be stopped."""
    settings = settings_of(context)
    from batch.run import rebuild as run  # noqa: PLC0415  # with Spark's libraries, which are slow to load

    for table, rows in run(settings, layer).items():
        print(f"{table}: {rows:,} rows")


def replay_quarantine(
    context: typer.Context,
    reason: Annotated[
        str | None, typer.Option(help="only what is in quarantine for this reason")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="say what would become of it, write nothing")
    ] = False,
) -> None:
    """Run what older rules quarantined through the rules of today; the streams must be stopped."""
    if reason is not None and reason not in set(Reason):
        raise UsageError(f"there is no reason {reason}", remedy=f"Name one of: {', '.join(Reason)}")
    settings = settings_of(context)
    from batch.run import replay  # noqa: PLC0415  # with Spark's libraries, which are slow to load

    done = replay(settings, reason=None if reason is None else Reason(reason), dry_run=dry_run)
    for each in done:
        fates = ", ".join(
            f"{count:,} {fate}" for fate in Fate if (count := each.fates.get(fate, 0))
        )
        print(
            f"{each.topic}: {sum(each.fates.values()):,} {'would be ' if dry_run else ''}replayed: {fates}"
        )
    if not done:
        print("nothing in quarantine was put there by older rules")


def compact(context: typer.Context) -> None:
    """Put small files together and remove what no reader needs any more; the streams must be stopped."""
    settings = settings_of(context)
    from batch.run import compact as run  # noqa: PLC0415  # with Spark's libraries, which are slow to load

    for done in run(settings):
        removal = "nothing removed: a stream has still to read it"
        if done.kept_h is not None:
            removal = f"removed what was replaced more than {done.kept_h:,.0f} h ago"
        print(
            f"{done.table}: {done.files_before:,} files → {done.files_after:,}; {removal}",
            flush=True,
        )
