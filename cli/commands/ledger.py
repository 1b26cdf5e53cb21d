"""`echostream ledger`: when the producers have read everything, and what may be missing."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from cli.context import settings_of
from cli.input.platforms import platform_of
from foundation.settings import Settings
from ingestion.platforms import PLATFORMS
from ingestion.producer.build import store_location
from ingestion.state.store import IngestStore
from schemas.epoch import to_datetime

_COLUMNS = ("platform", "source", "from", "to", "kind", "reason")
_SHOWN = ["platform", "from", "to", "kind", "reason", "source"]


def ledger(
    context: typer.Context,
    platform: Annotated[
        str | None, typer.Argument(help="one platform; default: all that were read")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON lines")] = False,
) -> None:
    """Show when each source was read completely, and its gaps.

    Outside of these times no producer was reading the source.
    """
    names = sorted(PLATFORMS)
    if platform is not None:
        names = [platform_of(platform).name]
    rows = list(_rows(settings_of(context), names))
    if as_json:
        for row in rows:
            print(json.dumps(row))
    elif rows:
        _show(rows)
    else:
        print("nothing was read live yet")


def _rows(settings: Settings, platforms: list[str]) -> Iterator[dict[str, str | None]]:
    """Yield spans and gaps by platform, source and time."""
    place = store_location(settings)
    if isinstance(place, Path) and not place.exists():
        return  # to read it would create it
    for platform in platforms:
        with IngestStore(place, owner=settings.owner, platform=platform) as store:
            covered = [
                (span.source, span.since, span.until, "covered", "") for span in store.spans()
            ]
            gaps = [
                (gap.source, gap.since, gap.until, "gap", gap.reason.value) for gap in store.gaps()
            ]
        for source, since, until, kind, reason in sorted([*covered, *gaps]):
            cells = (platform, source, _time(since), _time(until), kind, reason or None)
            yield dict(zip(_COLUMNS, cells, strict=True))


def _show(rows: list[dict[str, str | None]]) -> None:
    """Print a table; the source is last, since a query may be long."""
    lines = [_SHOWN, *([_cell(name, row[name]) for name in _SHOWN] for row in rows)]
    widths = [max(len(line[place]) for line in lines) for place in range(len(_SHOWN) - 1)]
    for line in lines:
        cells = [cell.ljust(width) for cell, width in zip(line, widths, strict=False)]
        print("  ".join([*cells, line[-1]]))


def _cell(column: str, text: str | None) -> str:
    """Return a cell's text; times come without parts of a second."""
    return f"{text:.19}".replace("T", " ") if column in ("from", "to") else text or ""


def _time(micros: int) -> str:
    return to_datetime(micros).isoformat()
