"""The files that erasures have replaced: removed once the clock allows, and noted by the commit that did it."""

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from pyspark.sql import SparkSession

from foundation.crash import crash_point
from foundation.logs import get_log
from foundation.settings import Settings
from lakehouse import delta, delta_log, erasures, upkeep
from lakehouse.erasures import REMOVED, VACUUMED, Erasure, Step
from schemas.tables import Table

_log = get_log("erasure_files")


def remove_files(spark: SparkSession, job: str, table: Table, settings: Settings, every: Sequence[Erasure]) -> None:
    """Vacuum the table if an erasure has waited as long as `upkeep.keep_h` says, and as every stream needs."""
    waiting = _waiting(job, table, settings)
    if not waiting:
        return
    unread_h = upkeep.unread_for_h(table, settings)
    if unread_h is None:  # a stream has still to begin
        return
    keep_h = max(unread_h, settings.upkeep.keep_h)
    before = datetime.now(UTC) - timedelta(hours=keep_h)
    due = {erasure_id: rows for erasure_id, (at, rows) in waiting.items() if at <= before}
    if not due:
        return
    upkeep.vacuum(spark, table, settings, keep_h=keep_h)
    crash_point(job, f"after_vacuuming_{table.name}", settings)
    version = delta_log.version(table, settings)
    steps = [
        Step(each, VACUUMED, table.name, rows=due[each.id], version_after=version) for each in every if each.id in due
    ]
    erasures.note(spark, job, settings, steps, txn=delta.Txn(f"erasures:{uuid.uuid4()}", 0))
    _log.info("vacuumed", table=table.name, version=version, erasures=len(steps))


def _waiting(job: str, table: Table, settings: Settings) -> dict[str, tuple[datetime, int]]:
    """By erasure, since when files have waited, and how many rows are in them."""
    waiting: dict[str, tuple[datetime, int]] = {}
    for row in erasures.steps(settings, job):  # oldest first
        if row["table"] != table.name:
            continue
        if row["step"] == REMOVED and row["rows"]:
            waiting[row["erasure_id"]] = row["at"], waiting.get(row["erasure_id"], (None, 0))[1] + row["rows"]
        elif row["step"] == VACUUMED:
            waiting.pop(row["erasure_id"], None)
    return waiting
