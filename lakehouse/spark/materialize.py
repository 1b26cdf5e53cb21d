"""Compute rows once, and keep the result while tables are written."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pyspark.sql import DataFrame


@contextmanager
def materialized(rows: DataFrame) -> Iterator[DataFrame]:
    """Compute the rows now, and keep them in memory or on disk until the block ends.

    `persist` is not enough: when a table is written, Spark drops each cached frame that was
    computed from it. Each further write of a batch would compute its rows again, and from the
    changed table.

    >>> with materialized(rows) as computed:
    ...     lake.append(computed, SILVER_POSTS)
    """
    frozen = rows.localCheckpoint(eager=True)
    try:
        yield frozen
    finally:
        # py4j's object: Python cannot reach the RDD that holds the rows otherwise.
        kept: Any = frozen._jdf.queryExecution().analyzed()
        kept.rdd().unpersist(False)
