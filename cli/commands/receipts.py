"""`echostream receipts`."""

import json
from dataclasses import asdict
from datetime import datetime
from typing import Annotated

import typer

from cli.context import settings_of
from lakehouse.erasure import receipts as stored
from lakehouse.erasure.receipts import Receipt


def receipts(
    context: typer.Context,
    request: Annotated[str | None, typer.Argument(help="one request's id; default: all")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON lines")] = False,
) -> None:
    """Show what became of each erasure; ends with 1 where a receipt was changed, or the request is not known."""
    found = [each for each in stored.receipts(settings_of(context)) if request in (None, each.id)]
    for each in found:
        print(json.dumps(asdict(each), default=datetime.isoformat) if as_json else _shown(each))
    if (request and not found) or not all(each.is_signed for each in found):
        raise typer.Exit(1)


def _shown(receipt: Receipt) -> str:
    """A receipt for people."""
    what = ", ".join(f"{count:,} {name}" for name, count in receipt.what.items())
    lines = [
        f"{receipt.id}: {receipt.cause}, {what}, {'signed' if receipt.is_signed else 'NOT AS IT WAS SIGNED'}"
    ]
    lines.append(f"  asked       {_time(receipt.asked_at)}")
    lines.append(f"  unqueryable {_time(receipt.unqueryable_at)}")
    lines.append(
        f"  gone        {_time(receipt.gone_at)}; out of Kafka by {_time(receipt.kafka_until)}"
    )
    for name, table in receipt.tables.items():
        rows = "by the change feed" if table.rows is None else f"{table.rows:,} rows"
        versions = f"version {table.version_before} → {table.version_after}"
        files = (
            f"files removed by version {table.vacuum_version}"
            if table.vacuumed_at
            else "files are still there"
        )
        details = [rows, *([versions] if table.version_after is not None else ())]
        details += [files] if table.version_before is not None else []
        lines.append(f"  {name}: {', '.join(details)}")
    return "\n".join(lines)


def _time(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC" if moment else "still to come"
