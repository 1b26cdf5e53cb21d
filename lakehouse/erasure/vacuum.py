"""Delete the files that erasures have replaced, once retention and streams allow it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from foundation import clock
from foundation.crash_points import crash_point
from foundation.logs import get_log
from foundation.settings import Settings
from lakehouse.delta.lake import Lake
from lakehouse.erasure import ledger
from lakehouse.erasure.ledger import Erasure, Step
from lakehouse.maintenance import optimize
from schemas.stored_names import AFTER_VACUUMING, REMOVED, VACUUMED
from schemas.tables import Table

_log = get_log("erasure_files")


def remove_files(lake: Lake, job: str, table: Table, erasures: Sequence[Erasure]) -> None:
    """Vacuum the table if an erasure has waited for `upkeep.keep_h` and for every stream."""
    settings = lake.settings
    waiting = _waiting(job, table, settings)
    if not waiting or not lake.log(table).exists():
        return
    unread_h = optimize.unread_for_h(table, settings)
    if unread_h is None:  # a stream has not begun yet
        return
    keep_h = max(unread_h, settings.upkeep.keep_h)
    before = clock.now() - timedelta(hours=keep_h)
    if not any(files.first <= before for files in waiting.values()):
        return
    due = {erasure_id: files.rows for erasure_id, files in waiting.items() if files.last <= before}
    optimize.vacuum(lake, table, keep_h=keep_h)
    crash_point(job, f"{AFTER_VACUUMING}{table.name}", settings)
    version = lake.log(table).version()
    steps = [
        Step(erasure, VACUUMED, table.name, rows=due[erasure.id], version_after=version)
        for erasure in erasures
        if erasure.id in due
    ]
    ledger.record_steps(lake, job, steps, txn=ledger.new_txn())
    _log.info("vacuumed", table=table.name, version=version, erasures=len(steps))


@dataclass(frozen=True, slots=True)
class _Waiting:
    """The files that an erasure replaced since the last vacuum: first and last time, and rows."""

    first: datetime
    last: datetime
    rows: int


def _waiting(job: str, table: Table, settings: Settings) -> dict[str, _Waiting]:
    """Return them by erasure, also without rows, which a batch may have deleted before."""
    waiting: dict[str, _Waiting] = {}
    for row in ledger.steps(settings, job):  # oldest first
        if row["table"] != table.name:
            continue
        erasure_id = row["erasure_id"]
        if row["step"] == REMOVED:
            so_far = waiting.get(erasure_id, _Waiting(row["at"], row["at"], 0))
            waiting[erasure_id] = _Waiting(so_far.first, row["at"], so_far.rows + row["rows"])
        elif row["step"] == VACUUMED:
            waiting.pop(erasure_id, None)
    return waiting
