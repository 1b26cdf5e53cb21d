"""Check that a checkpoint is as far as its tables, by the transaction ids that these keep for ever.

A batch's number is part of its transaction ids. From a checkpoint that is older, such as one from a
copy, Spark would plan numbers anew with other records; Delta would take each for one that it has,
and they would be missing in silence.
"""

from collections.abc import Collection, Mapping

from foundation.errors import CheckpointMismatchError, LostCommitsError
from foundation.settings import Settings
from lakehouse.delta.log import TableLog
from lakehouse.jobs.checkpoint import Checkpoint, reset_hint
from lakehouse.jobs.commit_marks import BRONZE_JOB, SILVER_JOB
from schemas.stored_names import APPEND_STEP, OPS_STEP
from schemas.tables import Table, ops_batches

# A batch may have nothing to write but its counts, one of Gold not even these.
_WITH_EACH_BATCH = {ops_batches(BRONZE_JOB).name, ops_batches(SILVER_JOB).name}


def check_batches(mine: Checkpoint, main: Table, settings: Settings) -> None:
    """Refuse a checkpoint that is damaged, or not as far as its job's tables.

    Args:
        mine: the checkpoint, which is the tables'.
        main: the table that knows it.
        settings: of the lake.

    Raises:
        CheckpointDamagedError: one of its newest files is.
        CheckpointMismatchError: it is older than a table.
        LostCommitsError: a table lacks a batch that is done.
    """
    if not mine.exists:
        return
    mine.demand_whole()
    ops = ops_batches(mine.job)
    written = {
        main.name: _newest(mine, main, settings, APPEND_STEP, main.name),
        ops.name: _newest(mine, ops, settings, OPS_STEP),
    }
    compare(mine, written, always=_WITH_EACH_BATCH)


def compare(
    mine: Checkpoint, written: Mapping[str, int | None], *, always: Collection[str]
) -> None:
    """Refuse a checkpoint by the newest of its batches that each table has.

    Args:
        mine: the checkpoint.
        written: by table, that batch; None where there is none.
        always: to which of the tables each batch writes.

    Raises:
        CheckpointMismatchError: it is older than a table.
        LostCommitsError: a table lacks a batch that is done.
    """
    planned = mine.planned_batch
    committed = mine.committed_batch
    for table, batch in written.items():
        if batch is not None and (planned is None or batch > planned):
            ends = "has no batch" if planned is None else f"ends with batch {planned}"
            raise CheckpointMismatchError(
                f"checkpoint {mine.folder} is older than {table}: it {ends}, the table has its"
                f" batch {batch}",
                remedy=f"Put the newest copy of the checkpoint back, or: {reset_hint(mine.job)}",
            )
        if table in always and committed is not None and (batch is None or batch < committed):
            has = "no batch" if batch is None else f"no batch after {batch}"
            raise LostCommitsError(
                f"{table} has lost commits: it has {has} of {mine.job}, whose checkpoint has done"
                f" batch {committed}",
                remedy="Nothing more is written. Put the lost files of _delta_log back, or:"
                f" {reset_hint(mine.job)}",
            )


def _newest(mine: Checkpoint, table: Table, settings: Settings, *steps: str) -> int | None:
    asked = (TableLog(table, settings).transaction(f"{mine.id}:{step}") for step in steps)
    return max((batch for batch in asked if batch is not None), default=None)
