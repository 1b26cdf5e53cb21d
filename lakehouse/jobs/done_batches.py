"""Check that a checkpoint is as far as its job's tables, by their transaction ids.

A transaction id contains the batch's number, and Delta keeps it for ever. An older checkpoint, such
as one from a copy, would give the numbers of finished batches to other records. Delta would skip
those as batches that it has, and the records would be missing in silence.
"""

from collections.abc import Collection, Mapping

from foundation.errors import CheckpointMismatchError, LostCommitsError
from foundation.settings import Settings
from lakehouse.delta.log import TableLog
from lakehouse.jobs.checkpoint import Checkpoint, reset_hint
from lakehouse.jobs.commit_marks import BRONZE_JOB, SILVER_JOB
from schemas.stored_names import APPEND_STEP, OPS_STEP
from schemas.tables import Table, ops_batches

# A batch may write nothing but its counts, and a batch of Gold not even these.
_WITH_EACH_BATCH = {ops_batches(BRONZE_JOB).name, ops_batches(SILVER_JOB).name}


def check_batches(checkpoint: Checkpoint, main: Table, settings: Settings) -> None:
    """Refuse a checkpoint that is damaged, or not as far as its job's tables.

    Args:
        checkpoint: a checkpoint that belongs to the tables.
        main: the table whose property names the checkpoint.
        settings: those of the lake.

    Raises:
        CheckpointDamagedError: one of the checkpoint's newest files is damaged.
        CheckpointMismatchError: the checkpoint is older than a table.
        LostCommitsError: a table lacks a batch that is finished.
    """
    if not checkpoint.exists:
        return
    checkpoint.demand_whole()
    ops = ops_batches(checkpoint.job)
    written = {
        main.name: _newest(checkpoint, main, settings, APPEND_STEP, main.name),
        ops.name: _newest(checkpoint, ops, settings, OPS_STEP),
    }
    compare(checkpoint, written, always=_WITH_EACH_BATCH)


def compare(
    checkpoint: Checkpoint, written: Mapping[str, int | None], *, always: Collection[str]
) -> None:
    """Refuse a checkpoint by the newest of its batches that each table has.

    Args:
        checkpoint: the checkpoint.
        written: the number of that batch by table name; None for a table without one.
        always: the names of the tables to which each batch writes.

    Raises:
        CheckpointMismatchError: the checkpoint is older than a table.
        LostCommitsError: a table lacks a batch that is finished.
    """
    planned = checkpoint.planned_batch
    committed = checkpoint.committed_batch
    for table, batch in written.items():
        if batch is not None and (planned is None or batch > planned):
            ends = "has no batch" if planned is None else f"ends with batch {planned}"
            raise CheckpointMismatchError(
                f"checkpoint {checkpoint.folder} is older than {table}: it {ends}, the table has"
                f" its batch {batch}",
                remedy="Put the newest copy of the checkpoint back, or:"
                f" {reset_hint(checkpoint.job)}",
            )
        if table in always and committed is not None and (batch is None or batch < committed):
            has = "no batch" if batch is None else f"no batch after {batch}"
            raise LostCommitsError(
                f"{table} has lost commits: it has {has} of {checkpoint.job}, whose checkpoint has"
                f" finished batch {committed}",
                remedy="Nothing more is written. Put the lost files of _delta_log back, or:"
                f" {reset_hint(checkpoint.job)}",
            )


def _newest(checkpoint: Checkpoint, table: Table, settings: Settings, *steps: str) -> int | None:
    asked = (TableLog(table, settings).transaction(f"{checkpoint.id}:{step}") for step in steps)
    return max((batch for batch in asked if batch is not None), default=None)
