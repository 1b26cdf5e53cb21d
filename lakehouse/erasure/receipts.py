"""Fold the ledger's signed steps of each erasure to a receipt, which holds no personal data."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from foundation.key_sources import receipt_source
from foundation.settings import Settings
from foundation.signatures import is_signed, public_key
from lakehouse.erasure import ledger
from schemas.stored_names import ADMITTED, REMOVED, VACUUMED
from schemas.tables import BRONZE_POSTS, GOLD_SENTIMENT_HOURLY, QUARANTINE_POSTS, SILVER_POSTS
from schemas.topics import topics

_OF_ROWS = (SILVER_POSTS.name, QUARANTINE_POSTS.name, BRONZE_POSTS.name)


@dataclass(slots=True)
class TableReceipt:
    """One table's part: rows removed by the commits after `version_before` up to `version_after`.

    `at` is the time of the first of these commits.
    """

    rows: int | None
    version_before: int | None
    version_after: int | None
    at: datetime
    vacuumed_at: datetime | None = None
    vacuum_version: int | None = None


@dataclass(slots=True)
class Receipt:
    """The receipt of one erasure, which is a person's request or a batch.

    Attributes:
        unqueryable_at: from then on no table shows the data; None while a job has still to erase
            it. A job also erases records that a replay brings into Bronze later: they add to the
            rows and delay `gone_at`.
        gone_at: from then on no file holds the data, Kafka included; None while files wait for a
            vacuum.
        kafka_until: by then the records are beyond Kafka's retention.
        is_signed: whether each step is as the receipt key has signed it.
    """

    id: str
    cause: str
    asked_at: datetime
    what: dict[str, int]
    kafka_until: datetime
    tables: dict[str, TableReceipt] = field(default_factory=dict)
    unqueryable_at: datetime | None = None
    gone_at: datetime | None = None
    is_signed: bool = True


def receipts(settings: Settings) -> list[Receipt]:
    """Return all receipts, oldest first.

    Raises:
        KeyFileError, KeyServiceError: the receipt key cannot be read.

    >>> [(receipt.id, receipt.gone_at) for receipt in receipts(settings)]
    """
    rows = ledger.steps(settings)
    if not rows:
        return []
    return fold(rows, [public_key(key) for key in receipt_source(settings).newest()], kafka_keeps())


def kafka_keeps() -> timedelta:
    """Return how long Kafka may hold a record: the retention plus a segment's greatest age."""
    return max(
        timedelta(milliseconds=int(topic.config["retention.ms"]) + int(topic.config["segment.ms"]))
        for topic in topics()
    )


def fold(rows: Iterable[dict[str, Any]], publics: Sequence[str], kafka: timedelta) -> list[Receipt]:
    """Return the receipts of the ledger's rows, oldest first.

    Args:
        rows: the ledger's rows.
        publics: the public keys that may have signed the rows.
        kafka: how long Kafka may hold a record.
    """
    by_id: dict[str, Receipt] = {}
    rows = list(rows)
    for row in (row for row in rows if row["step"] == ADMITTED):
        until = max(row["until"], row["asked_at"]) + kafka
        by_id[row["erasure_id"]] = Receipt(
            row["erasure_id"], row["cause"], row["asked_at"], row["what"], until
        )
    for row in rows:
        if (receipt := by_id.get(row["erasure_id"])) is not None:
            receipt.is_signed = receipt.is_signed and any(
                is_signed(row, public) for public in publics
            )
            _take(receipt, row)
    for receipt in by_id.values():
        _judge(receipt)
    return sorted(by_id.values(), key=lambda receipt: receipt.asked_at)


def _take(receipt: Receipt, row: dict[str, Any]) -> None:
    """Add a step to a receipt.

    If rows came back and were removed again, their number is added and the table waits for a vacuum
    once more.
    """
    table = receipt.tables.get(row["table"])
    if row["step"] == REMOVED and table is None:
        receipt.tables[row["table"]] = TableReceipt(
            row["rows"], row["version_before"], row["version_after"], row["at"]
        )
    elif row["step"] == REMOVED and table is not None:
        table.rows = None if row["rows"] is None else (table.rows or 0) + row["rows"]
        table.version_after = row["version_after"]
        table.vacuumed_at = table.vacuum_version = None
    elif row["step"] == VACUUMED and table is not None:
        table.vacuumed_at = row["at"]
        table.vacuum_version = row["version_after"]


def _judge(receipt: Receipt) -> None:
    """Set the times from which no table shows the data, and no file holds it."""
    of_rows = [receipt.tables.get(name) for name in _OF_ROWS]
    silver = receipt.tables.get(SILVER_POSTS.name)
    parts = (
        [*of_rows, receipt.tables.get(GOLD_SENTIMENT_HOURLY.name)]
        if silver and silver.rows
        else of_rows
    )
    done = [part.at for part in parts if part is not None]
    if len(done) < len(parts):
        return
    receipt.unqueryable_at = max(done)
    # This holds without removed rows too: files that were replaced for a batch or a policy before
    # may still hold the data.
    existing = [part for part in of_rows if part is not None and part.version_after is not None]
    if all(part.vacuumed_at for part in existing):
        receipt.gone_at = max(
            [receipt.kafka_until, *(part.vacuumed_at for part in existing if part.vacuumed_at)]
        )
