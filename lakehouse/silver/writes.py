"""Write resolved records into Silver: tombstones, new posts, then edits and deletes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.delta.lake import Lake, Txn
from schemas.stored_names import APPEND_STEP, MERGE_STEP, TOMBSTONES_STEP
from schemas.tables import SILVER_POSTS, SILVER_TOMBSTONES
from transforms.order import KEY
from transforms.pii.spans import TYPES as PII_TYPES
from transforms.silver import in_full, to_posts, to_tombstones

_FEW = 2_000  # rows of Silver, with their texts, that may be sent to each worker at once


@dataclass(frozen=True, slots=True)
class Tally:
    """The sums over resolved records: their fates, and facts about the writes that follow."""

    fates: dict[str, int]
    rows_removed: int
    entombs: bool  # whether tombstones are to be written
    appends: bool
    changes: int  # rows of Silver that are updated or removed
    changed_days: list[date]  # the days of these rows
    # pieces of personal data that were removed from the written posts, by type
    masked: dict[str, int]


def tally_of(resolved: DataFrame) -> Tally:
    """Count, in one query, the sums that must be known before the first write."""
    changes = F.col("action").isin("update", "remove")
    rows = (
        resolved.groupBy("fate", "action", "entombs")
        .agg(
            F.count(F.lit(1)).alias("records"),
            F.collect_set(F.when(changes, F.col("held_day"))).alias("days"),
            *(F.sum(F.col("pii").getItem(kind)).alias(kind) for kind in PII_TYPES),
        )
        .collect()
    )
    written = [row for row in rows if row["action"] in ("append", "update")]
    masked = {kind: sum(row[kind] or 0 for row in written) for kind in PII_TYPES}
    fates: dict[str, int] = {}
    for row in rows:
        fates[row["fate"]] = fates.get(row["fate"], 0) + row["records"]
    return Tally(
        fates=fates,
        rows_removed=sum(row["records"] for row in rows if row["action"] == "remove"),
        entombs=any(row["entombs"] for row in rows),
        appends=any(row["action"] == "append" for row in rows),
        changes=sum(row["records"] for row in rows if row["action"] in ("update", "remove")),
        changed_days=sorted({day for row in rows for day in row["days"]}),
        masked={kind: count for kind, count in masked.items() if count},
    )


def silver_writes(
    lake: Lake,
    refined: DataFrame,
    resolved: DataFrame,
    tally: Tally,
    *,
    txn: Callable[[str], Txn],
) -> list[tuple[str, Callable[[], None]]]:
    """Return the writes that are due, with their names, in order.

    Args:
        lake: the lake to write.
        refined: numbered rows with all their columns.
        resolved: the decisions on them, with the columns that decide only.
        tally: the sums over the decisions.
        txn: returns the transaction id of a step.
    """
    writes: list[tuple[str, Callable[[], None]]] = []
    if tally.entombs:
        tombstones = to_tombstones(resolved)
        entomb = partial(lake.append, tombstones, SILVER_TOMBSTONES, txn=txn(TOMBSTONES_STEP))
        writes.append((TOMBSTONES_STEP, entomb))
    if tally.appends:
        posts = to_posts(in_full(resolved.where("action = 'append'"), refined))
        append = partial(lake.append, posts, SILVER_POSTS, txn=txn(APPEND_STEP))
        writes.append((APPEND_STEP, append))
    if tally.changed_days:
        changed = in_full(resolved.where("action IN ('update', 'remove')"), refined)
        rows = to_posts(changed.withColumn("day", F.col("held_day")), keep=("action",))
        # Delta does not see how few rows these are, and would sort whole days by their keys.
        few = F.broadcast(rows) if tally.changes <= _FEW else rows
        writes.append((MERGE_STEP, partial(_merge, lake, few, days=tally.changed_days)))
    return writes


def _merge(lake: Lake, rows: DataFrame, *, days: Sequence[date]) -> None:
    """Write edits and deletes by key within their days; by the versions, a repeat does nothing."""
    same = F.expr(" AND ".join(f"t.{name} = s.{name}" for name in KEY))
    (
        lake.merge(rows, SILVER_POSTS, same & F.col("t.day").isin(list(days)))
        .whenMatchedDelete("s.action = 'remove' AND t.version <= s.version")
        .whenMatchedUpdate(
            "s.action = 'update' AND t.version < s.version",
            {name: f"s.{name}" for name in SILVER_POSTS.columns},
        )
        .execute()
    )
