"""`echostream receipts`."""

import json
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from cli.context import settings_of

if TYPE_CHECKING:  # help and refusals need no Spark
    from lakehouse.erasure.receipts import Receipt, TableReceipt


def receipts(
    context: typer.Context,
    request: Annotated[str | None, typer.Argument(help="one request's id; default: all")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON lines")] = False,
) -> None:
    """Show the receipt of each erasure: what left which table, and when.

    The exit code is 1 if a receipt was changed, or if the request is not known.
    """
    from lakehouse.erasure import receipts as stored

    receipts_ = stored.receipts(settings_of(context))
    shown = [receipt for receipt in receipts_ if request in (None, receipt.id)]
    for receipt in shown:
        if as_json:
            print(json.dumps(asdict(receipt), default=datetime.isoformat))
        else:
            print(_as_text(receipt))
    is_unknown = request is not None and not shown
    if is_unknown or not all(receipt.is_signed for receipt in shown):
        raise typer.Exit(1)


def _as_text(receipt: "Receipt") -> str:
    counts = ", ".join(f"{count:,} {name}" for name, count in receipt.what.items())
    signature = "signed" if receipt.is_signed else "NOT AS IT WAS SIGNED"
    kafka_until = _time(receipt.kafka_until)
    lines = [
        f"{receipt.id}: {receipt.cause}, {counts}, {signature}",
        f"  asked       {_time(receipt.asked_at)}",
        f"  unqueryable {_time(receipt.unqueryable_at)}",
        f"  gone        {_time(receipt.gone_at)}; out of Kafka by {kafka_until}",
    ]
    lines += [f"  {name}: {_details(table)}" for name, table in receipt.tables.items()]
    return "\n".join(lines)


def _details(table: "TableReceipt") -> str:
    """Return what was done in a table: rows, versions and files."""
    details = ["by the change feed" if table.rows is None else f"{table.rows:,} rows"]
    if table.version_after is not None:
        details.append(f"version {table.version_before} → {table.version_after}")
    if table.version_before is not None and table.vacuumed_at:
        details.append(f"files removed by version {table.vacuum_version}")
    elif table.version_before is not None:
        details.append("files are still there")
    return ", ".join(details)


def _time(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC" if moment else "still to come"
