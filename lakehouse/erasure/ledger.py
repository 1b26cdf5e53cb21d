"""The ledger of erasures: which there are, and the steps that each job has taken, signed. docs/adr/0017."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from foundation import clock
from foundation.errors import KeyFileError
from foundation.key_sources import KeyFile, receipt_source
from foundation.keys import create_key
from foundation.secret_keys import SecretKey
from foundation.settings import Settings
from foundation.signatures import sign
from lakehouse.delta import driver_rows
from lakehouse.delta import log as delta_log
from lakehouse.delta import tables as delta
from schemas.stored_names import ADMITTED
from schemas.tables import JOBS, SILVER_TOMBSTONES, ops_erasures

FORMER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Erasure:
    """One request of a person, or one batch of what platforms deleted or of what expired.

    Attributes:
        id: random for a request; nothing can be concluded from it.
        cause: request, platform or expiry, as its tombstones' reason.
        asked_at: when it was asked for; of a batch, the time of its oldest tombstone.
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
    """What a job did for an erasure; becomes a row of its ops.erasures."""

    erasure: Erasure
    step: str
    table: str | None = None
    what: dict[str, int] | None = None
    rows: int | None = None
    version_before: int | None = None
    version_after: int | None = None


def registered(settings: Settings) -> list[Erasure]:
    """All erasures, oldest first."""
    return sorted(
        (
            Erasure(row["erasure_id"], row["cause"], row["asked_at"], row["since"], row["until"])
            for row in steps(settings, "bronze_to_silver")
            if row["step"] == ADMITTED
        ),
        key=lambda erasure: erasure.until,
    )


def steps(settings: Settings, *jobs: str) -> list[dict[str, Any]]:
    """The rows of ops.erasures, of some jobs or of all, oldest first."""
    tables = [ops_erasures(job) for job in jobs or JOBS]
    rows = [
        row
        for table in tables
        if delta_log.exists(table, settings)
        for row in delta_log.rows(table, settings, "SELECT * FROM t")
    ]
    return sorted(
        ({**row, "what": dict(row["what"] or ())} for row in rows), key=lambda row: row["at"]
    )


def record_steps(
    spark: SparkSession, job: str, settings: Settings, taken: Sequence[Step], *, txn: delta.Txn
) -> None:
    """Write steps into the job's ledger, once per transaction id."""
    if not taken:
        return
    table, key, at = ops_erasures(job), receipt_key(settings), clock.now()
    delta.ensure(spark, table, settings)
    driver_rows.append([_row(each, at, key) for each in taken], table, settings, txn=txn)


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
    """Refuse to start where the key is at AWS and nobody has said which: the first batch would stop hours later.

    Raises:
        KeyFileError: `erasure.key.id` is not set.
    """
    if not isinstance(source := receipt_source(settings), KeyFile):
        source.key_id()


def receipt_key(settings: Settings) -> SecretKey:
    """The key under which receipts are signed; a lake without any receipt gets its first one here.

    Raises:
        KeyFileError, KeyServiceError: it cannot be had, or is gone while there are receipts under
            it.
    """
    source = receipt_source(settings)
    if isinstance(source, KeyFile) and not source.file.exists():
        if any(delta_log.exists(ops_erasures(job), settings) for job in JOBS):
            raise KeyFileError(
                f"{source.name} {source.file} is missing",
                remedy="Put it back: receipts are signed by it",
            )
        create_key(source.file)
    return source.load()


def tombstones(spark: SparkSession, settings: Settings, erasures: Iterable[Erasure]) -> DataFrame:
    """The tombstones of these erasures: platform, post_key or author_key, version, erasure_id."""
    facts = [(each.id, each.cause, each.since, each.until) for each in erasures]
    named = spark.createDataFrame(
        facts, "erasure_id string, reason string, since timestamp, until timestamp"
    )
    rows = delta.read(spark, SILVER_TOMBSTONES, settings)
    is_theirs = (
        (rows["reason"] == named["reason"])
        & (rows["at"] > named["since"])
        & (rows["at"] <= named["until"])
    )
    return rows.join(F.broadcast(named), on=is_theirs).select(
        "platform", "post_key", "author_key", "version", "erasure_id"
    )
