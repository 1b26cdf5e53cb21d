"""Rows that are computed once, whatever is written while they are used."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pyspark.sql import DataFrame


@contextmanager
def materialized(rows: DataFrame) -> Iterator[DataFrame]:
    """The rows, computed now and kept until the end of the block, in memory or on the executors' disks.

    `persist` would not do: when a table is written, Spark throws away every cached frame that was
      computed from
    it, so that each write of a batch computed all that went before once more, and from the new
    table.
    """
    frozen = rows.localCheckpoint(eager=True)
    try:
        yield frozen
    finally:
        kept: Any = (
            frozen._jdf.queryExecution().analyzed()
        )  # py4j's object: the plan is the kept RDD, and Python has no way to it
        kept.rdd().unpersist(False)
