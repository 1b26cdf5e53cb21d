"""The files that erasures have replaced: removed once the clock allows, and noted by the commit that did it."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pyspark.sql import SparkSession

from foundation import clock
from foundation.crash_points import crash_point
from foundation.logs import get_log
from foundation.settings import Settings
from lakehouse.delta import log as delta_log
from lakehouse.delta import tables as delta
from lakehouse.erasure import ledger
from lakehouse.erasure.ledger import Erasure, Step
from lakehouse.maintenance import optimize
from schemas.stored_names import AFTER_VACUUMING, ERASURES_TXN, REMOVED, VACUUMED
from schemas.tables import Table

_log = get_log("erasure_files")


def remove_files(
    spark: SparkSession, job: str, table: Table, settings: Settings, every: Sequence[Erasure]
) -> None:
    """Vacuum the table if an erasure has waited as long as `upkeep.keep_h` says, and as every stream needs."""
    waiting = _waiting(job, table, settings)
    if not waiting or not delta_log.exists(table, settings):
        return
    unread_h = optimize.unread_for_h(table, settings)
    if unread_h is None:  # a stream has still to begin
        return
    keep_h = max(unread_h, settings.upkeep.keep_h)
    before = clock.now() - timedelta(hours=keep_h)
    if not any(each.first <= before for each in waiting.values()):
        return
    due = {erasure_id: each.rows for erasure_id, each in waiting.items() if each.last <= before}
    optimize.vacuum(spark, table, settings, keep_h=keep_h)
    crash_point(job, f"{AFTER_VACUUMING}{table.name}", settings)
    version = delta_log.version(table, settings)
    steps = [
        Step(each, VACUUMED, table.name, rows=due[each.id], version_after=version)
        for each in every
        if each.id in due
    ]
    ledger.record_steps(
        spark, job, settings, steps, txn=delta.Txn(f"{ERASURES_TXN}:{uuid.uuid4()}", 0)
    )
    _log.info("vacuumed", table=table.name, version=version, erasures=len(steps))


@dataclass(frozen=True, slots=True)
class _Waiting:
    """What an erasure has replaced since the last vacuum: from when to when, and how many rows."""

    first: datetime
    last: datetime
    rows: int


def _waiting(job: str, table: Table, settings: Settings) -> dict[str, _Waiting]:
    """By erasure; also where no row was left: a batch or a policy may have taken it out of the table before."""
    waiting: dict[str, _Waiting] = {}
    for row in ledger.steps(settings, job):  # oldest first
        if row["table"] != table.name:
            continue
        if row["step"] == REMOVED:
            so_far = waiting.get(row["erasure_id"], _Waiting(row["at"], row["at"], 0))
            waiting[row["erasure_id"]] = _Waiting(
                so_far.first, row["at"], so_far.rows + row["rows"]
            )
        elif row["step"] == VACUUMED:
            waiting.pop(row["erasure_id"], None)
    return waiting
