"""Compute rows once, whatever is written while they are used."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pyspark.sql import DataFrame


@contextmanager
def materialized(rows: DataFrame) -> Iterator[DataFrame]:
    """Give the rows, computed now and kept in memory or on disk until the end of the block.

    `persist` would not do: when a table is written, Spark throws away every cached frame that was
    computed from it, so that each write of a batch computed all that went before once more, and
    from the new table.
    """
    frozen = rows.localCheckpoint(eager=True)
    try:
        yield frozen
    finally:
        # py4j's object: the plan is the kept RDD, which Python cannot reach otherwise.
        kept: Any = frozen._jdf.queryExecution().analyzed()
        kept.rdd().unpersist(False)
