"""`echostream rebuild`, `replay-quarantine`, `compact`: jobs over what the lake holds."""

from typing import Annotated, Literal

import typer

from batch import run
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
    for table, rows in run.rebuild(settings, layer).items():
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
    """Apply today's rules to records that older rules quarantined; the streams must be stopped."""
    if reason is not None and reason not in set(Reason):
        raise UsageError(f"there is no reason {reason}", remedy=f"Name one of: {', '.join(Reason)}")
    settings = settings_of(context)
    only = None if reason is None else Reason(reason)
    replayed = run.replay(settings, reason=only, dry_run=dry_run)
    verb = "would be replayed" if dry_run else "replayed"
    for topic in replayed:
        counts = [(topic.fates.get(fate, 0), fate) for fate in Fate]
        fates = ", ".join(f"{count:,} {fate}" for count, fate in counts if count)
        print(f"{topic.topic}: {sum(topic.fates.values()):,} {verb}: {fates}")
    if not replayed:
        print("nothing in quarantine was put there by older rules")


def compact(context: typer.Context) -> None:
    """Merge small files and remove those that no reader needs; the streams must be stopped."""
    settings = settings_of(context)
    for table in run.compact(settings):
        removal = "nothing removed: a stream has still to read it"
        if table.kept_h is not None:
            removal = f"removed what was replaced more than {table.kept_h:,.0f} h ago"
        files = f"{table.files_before:,} files → {table.files_after:,}"
        print(f"{table.table}: {files}; {removal}", flush=True)
