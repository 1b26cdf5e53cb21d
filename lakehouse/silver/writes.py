"""How resolved records get into Silver: tombstones, new posts, then edits and deletes; each write may be repeated."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from foundation.settings import Settings
from lakehouse.delta import tables as delta
from schemas.stored_names import APPEND_STEP, MERGE_STEP, TOMBSTONES_STEP
from schemas.tables import SILVER_POSTS, SILVER_TOMBSTONES
from transforms.order import KEY
from transforms.pii.spans import TYPES as PII_TYPES
from transforms.silver import in_full, to_posts, to_tombstones

_FEW = 2_000  # rows of Silver, with their texts, that may go to each worker at once


@dataclass(frozen=True, slots=True)
class Tally:
    """What resolved records come to: their fates, and what is to be written because of them."""

    fates: dict[str, int]
    rows_removed: int
    entombs: bool
    appends: bool
    changes: int  # held rows that are updated or removed
    changed_days: list[date]  # and their days
    # pieces of personal data taken out of the posts that are written, by type
    masked: dict[str, int]


def tally(resolved: DataFrame) -> Tally:
    """Count once what has to be known before the first write."""
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
    spark: SparkSession,
    refined: DataFrame,
    resolved: DataFrame,
    found: Tally,
    settings: Settings,
    *,
    txn: Callable[[str], delta.Txn],
) -> list[tuple[str, Callable[[], None]]]:
    """The writes that are due, by name and in order.

    Args:
        spark: the session.
        refined: numbered rows, with all that they say.
        resolved: what was decided on them; of their columns only what decides.
        found: its tally.
        settings: of the lake.
        txn: gives the transaction id of a step.
    """
    writes: list[tuple[str, Callable[[], None]]] = []
    if found.entombs:
        tombstones = to_tombstones(resolved)
        writes.append(
            (
                TOMBSTONES_STEP,
                lambda: delta.append(
                    tombstones, SILVER_TOMBSTONES, settings, txn=txn(TOMBSTONES_STEP)
                ),
            )
        )
    if found.appends:
        posts = to_posts(in_full(resolved.where("action = 'append'"), refined))
        writes.append(
            (APPEND_STEP, lambda: delta.append(posts, SILVER_POSTS, settings, txn=txn(APPEND_STEP)))
        )
    if found.changed_days:
        changed = in_full(resolved.where("action IN ('update', 'remove')"), refined)
        source = to_posts(changed.withColumn("day", F.col("held_day")), keep=("action",))
        # Delta does not see how little that is, and would sort whole days by their keys.
        few = F.broadcast(source) if found.changes <= _FEW else source
        writes.append((MERGE_STEP, lambda: _merge(spark, few, settings, days=found.changed_days)))
    return writes


def _merge(
    spark: SparkSession, source: DataFrame, settings: Settings, *, days: Sequence[date]
) -> None:
    """Edits and deletes, by key within the days they touch; conditions on the version make a repeat do nothing."""
    same = " AND ".join(f"t.{name} = s.{name}" for name in KEY)
    (
        delta.target(spark, SILVER_POSTS, settings)
        .alias("t")
        .merge(source.alias("s"), F.expr(same) & F.col("t.day").isin(list(days)))
        .whenMatchedDelete("s.action = 'remove' AND t.version <= s.version")
        .whenMatchedUpdate(
            "s.action = 'update' AND t.version < s.version",
            {c: f"s.{c}" for c in SILVER_POSTS.columns},
        )
        .execute()
    )
