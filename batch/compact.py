"""Compact the small files of every table, and delete files that no reader needs."""

from collections.abc import Iterator
from dataclasses import dataclass

from batch.job import batch_job
from lakehouse.delta.lake import Lake
from lakehouse.maintenance import optimize
from lakehouse.maintenance.compact import compact_files
from lakehouse.maintenance.purge import purge
from schemas.tables import TABLES, Table


@dataclass(frozen=True, slots=True)
class Compacted:
    """A table's files before and after.

    `kept_h` is None if no file was deleted, because a stream has yet to read the table.
    """

    table: str
    files_before: int
    files_after: int
    kept_h: float | None


def compact(lake: Lake) -> Iterator[Compacted]:
    """Compact the tables, one after the other, and yield the outcome of each.

    Replaced files are deleted after `upkeep.keep_h`, for readers that opened the table before. They
    are kept for longer if a stream has not read that far.
    """
    for table in TABLES:
        if lake.log(table).exists():
            before, after = compact_files(lake, table)
            if purge(lake, table):
                after = optimize.files_by_partition(lake, table).total()
            yield Compacted(table.name, before, after, _remove(lake, table))


def _remove(lake: Lake, table: Table) -> float | None:
    unread_h = optimize.unread_for_h(table, lake.settings)
    if unread_h is None:
        return None
    keep_h = max(unread_h, lake.settings.upkeep.keep_h)
    optimize.vacuum(lake, table, keep_h=keep_h)
    return keep_h


@batch_job("compact")
def job(lake: Lake) -> Iterator[str]:
    """Yield a line for each table."""
    for done in compact(lake):
        removal = "no file deleted: a stream has yet to read the table"
        if done.kept_h is not None:
            removal = f"deleted files that were replaced more than {done.kept_h:,.0f} h ago"
        yield f"{done.table}: {done.files_before:,} files → {done.files_after:,}; {removal}"
