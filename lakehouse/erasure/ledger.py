"""Keep the ledger of erasures: the registered ones, and each job's signed steps (docs/adr/0017)."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from foundation import clock
from foundation.errors import KeyFileError
from foundation.key_sources import KeyFile, receipt_source
from foundation.keys import create_key
from foundation.secret_keys import SecretKey
from foundation.settings import Settings
from foundation.signatures import sign
from lakehouse.delta import driver_rows
from lakehouse.delta.lake import Lake, Txn
from lakehouse.delta.log import TableLog
from schemas.epoch import EPOCH
from schemas.stored_names import ADMITTED, ERASURES_TXN
from schemas.tables import JOBS, SILVER_TOMBSTONES, ops_erasures

BEFORE_ALL = EPOCH


@dataclass(frozen=True, slots=True)
class Erasure:
    """A person's request, or a batch of posts that platforms deleted or that expired.

    Attributes:
        id: random, so that it reveals nothing.
        cause: request, platform or expiry: the reason of its tombstones.
        asked_at: the time of the request; for a batch, the time of its oldest tombstone.
        since: its tombstones are later than this,
        until: and not later than this.
    """

    id: str
    cause: str
    asked_at: datetime
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Step:
    """A job's step in an erasure, which becomes a row of the job's ops.erasures."""

    erasure: Erasure
    step: str
    table: str | None = None
    what: dict[str, int] | None = None
    rows: int | None = None
    version_before: int | None = None
    version_after: int | None = None


def registered(settings: Settings) -> list[Erasure]:
    """Return all registered erasures, oldest first."""
    rows = steps(settings, "bronze_to_silver")
    erasures = [
        Erasure(row["erasure_id"], row["cause"], row["asked_at"], row["since"], row["until"])
        for row in rows
        if row["step"] == ADMITTED
    ]
    return sorted(erasures, key=lambda erasure: erasure.until)


def steps(settings: Settings, *jobs: str) -> list[dict[str, Any]]:
    """Return the rows of ops.erasures of these jobs, or of all jobs, oldest first."""
    logs = (TableLog(ops_erasures(job), settings) for job in jobs or JOBS)
    rows = [
        {**row, "what": dict(row["what"] or ())}
        for log in logs
        if log.exists()
        for row in log.rows("SELECT * FROM t")
    ]
    return sorted(rows, key=lambda row: row["at"])


def record_steps(lake: Lake, job: str, taken: Sequence[Step], *, txn: Txn) -> None:
    """Write steps into the job's ledger, once per transaction id."""
    if not taken:
        return
    table = ops_erasures(job)
    key = receipt_key(lake.settings)
    at = clock.now()
    lake.ensure(table)
    driver_rows.append([_row(step, at, key) for step in taken], lake.log(table), txn=txn)


def new_txn() -> Txn:
    """Return a new transaction id, by which a commit whose response was lost is recognised."""
    return Txn(f"{ERASURES_TXN}:{uuid.uuid4()}", 0)


def _row(taken: Step, at: datetime, key: SecretKey) -> dict[str, Any]:
    erasure = taken.erasure
    row: dict[str, Any] = {
        "erasure_id": erasure.id,
        "cause": erasure.cause,
        "step": taken.step,
        "table": taken.table,
        "asked_at": erasure.asked_at,
        "since": erasure.since,
        "until": erasure.until,
        "what": taken.what or {},
        "rows": taken.rows,
        "version_before": taken.version_before,
        "version_after": taken.version_after,
        "at": at,
        "key_id": key.key_id,
    }
    return row | {"signature": sign(row, key)}


def demand_receipt_key(settings: Settings) -> None:
    """Refuse to start if the receipt key is at AWS and its id is not set.

    Otherwise the first erasure would stop hours later.

    Raises:
        KeyFileError: `erasure.key.id` is not set.
    """
    if not isinstance(source := receipt_source(settings), KeyFile):
        source.key_id()


def receipt_key(settings: Settings) -> SecretKey:
    """Return the key that signs receipts; create it if the lake has no receipts.

    Raises:
        KeyFileError: the key's file cannot be read, or is missing although it has signed receipts.
        KeyServiceError: AWS does not return the key.
    """
    source = receipt_source(settings)
    if isinstance(source, KeyFile) and not source.file.exists():
        if any(TableLog(ops_erasures(job), settings).exists() for job in JOBS):
            raise KeyFileError(
                f"{source.name} {source.file} is missing",
                remedy="Put it back from a copy: receipts are signed with it",
            )
        create_key(source.file)
    return source.load()


def tombstones(lake: Lake, erasures: Iterable[Erasure]) -> DataFrame:
    """Return the erasures' tombstones: platform, post_key or author_key, version, erasure_id."""
    facts = [(erasure.id, erasure.cause, erasure.since, erasure.until) for erasure in erasures]
    named = lake.spark.createDataFrame(
        facts, "erasure_id string, reason string, since timestamp, until timestamp"
    )
    rows = lake.read(SILVER_TOMBSTONES)
    is_theirs = (
        (rows["reason"] == named["reason"])
        & (rows["at"] > named["since"])
        & (rows["at"] <= named["until"])
    )
    return rows.join(F.broadcast(named), on=is_theirs).select(
        "platform", "post_key", "author_key", "version", "erasure_id"
    )
