"""What erasures take out of one table, by the job that owns it: one commit for all that are open, which names them."""

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from foundation.crash_points import crash_point
from foundation.key_sources import payload_source
from foundation.logs import get_log
from foundation.settings import Settings
from lakehouse.delta import log as delta_log
from lakehouse.delta import tables as delta
from lakehouse.erasure import ledger
from lakehouse.erasure.ledger import Erasure, Step
from lakehouse.maintenance.purge import purge
from schemas.stored_names import (
    AFTER_ERASING,
    AFTER_PURGING,
    BEFORE_ERASING,
    ERASED,
    ERASURES_TXN,
    REMOVED,
)
from schemas.tables import BRONZE_POSTS, QUARANTINE_POSTS, SILVER_POSTS, Table
from transforms.bronze import from_quarantine
from transforms.order import KEY
from transforms.suppression import blocked, suspects, with_versions

_log = get_log("removals")


@dataclass(frozen=True)
class EraseRows:
    """One table of one job, and how rows that erasures block are found in it."""

    spark: SparkSession
    job: str
    table: Table
    settings: Settings

    def run(self, every: Sequence[Erasure]) -> None:
        """Remove what the tombstones of all erasures block; note it for those that had not been here.

        A crash anywhere is made good by the next run: the commit names the erasures, the ledger
            follows it. What is
        recorded as removed is in none of the table's files any more, so that a vacuum can count from
        there.
        """
        self._reconcile(every)
        recorded = {row["erasure_id"] for row in self._removed()}
        if not delta_log.exists(self.table, self.settings):
            return self._record_steps(
                [Step(e, REMOVED, self.table.name, rows=0) for e in every if e.id not in recorded]
            )
        before = delta_log.version(self.table, self.settings)
        rows = self._blocked(every).persist()
        try:
            counts = {
                row["erasure_id"]: row["rows"]
                for row in rows.groupBy("erasure_id").agg(F.count(F.lit(1)).alias("rows")).collect()
            }
            crash_point(self.job, f"{BEFORE_ERASING}{self.table.name}", self.settings)
            if counts:
                self._delete(rows, counts)
        finally:
            rows.unpersist()
        crash_point(self.job, f"{AFTER_ERASING}{self.table.name}", self.settings)
        after = delta_log.version(self.table, self.settings)
        self._purge()
        crash_point(self.job, f"{AFTER_PURGING}{self.table.name}", self.settings)
        steps = [self._step(each, counts.get(each.id, 0), before, after) for each in every]
        self._record_steps([step for step in steps if step.rows or step.erasure.id not in recorded])
        return None

    def _purge(self) -> None:
        """Also of what batches have changed and deleted: whoever follows a platform's delete finds no row here."""
        purge(self.spark, self.table, self.settings)

    def _blocked(self, every: Sequence[Erasure]) -> DataFrame:
        tombstones = ledger.tombstones(self.spark, self.settings, every)
        rows = delta.read(self.spark, self.table, self.settings)
        if self.table.name == SILVER_POSTS.name:
            posts = rows.select(*KEY, "author_key", "version", "day", F.lit("upsert").alias("op"))
            return blocked(posts, tombstones, *KEY, "day")
        partition = self.table.partition_by if "platform" in self.table.columns else ()
        keys = (*self.table.key, *partition, *_WHERE[self.table.name])
        # What quarantine holds may lie about whose it is: its payloads are asked, all of them.
        records = (
            suspects(rows, tombstones)
            if self.table.name == BRONZE_POSTS.name
            else from_quarantine(rows)
        )
        found = with_versions(records, payload_source(self.settings))
        return blocked(found, tombstones, *dict.fromkeys(keys))

    def _delete(self, rows: DataFrame, counts: dict[str, int]) -> None:
        keys = [name for name in rows.columns if name != "erasure_id"]
        same: Column = F.expr(" AND ".join(f"t.{name} = s.{name}" for name in keys))
        for name in self.table.partition_by:  # literals, so that the merge opens no other files
            values = [row[name] for row in rows.select(name).distinct().collect()]
            same = same & F.col(f"t.{name}").isin(values)
        txn = delta.Txn(f"{ERASURES_TXN}:{uuid.uuid4()}", 0)
        with delta.commit_as(self.spark, txn=txn, metadata={ERASED: counts}):
            (
                delta.target(self.spark, self.table, self.settings)
                .alias("t")
                .merge(rows.select(*keys).alias("s"), same)
                .whenMatchedDelete()
                .execute()
            )
        _log.info("erased", table=self.table.name, rows=sum(counts.values()), erasures=len(counts))

    def _reconcile(self, every: Sequence[Erasure]) -> None:
        """Note the commits of a run that was killed before it could."""
        if not every or not delta_log.exists(self.table, self.settings):
            return
        known = {row["version_after"] for row in self._removed()}
        by_id = {each.id: each for each in every}
        first = max((version for version in known if version is not None), default=-1) + 1
        for commit in reversed(delta_log.commits_since(self.table, self.settings, first)):
            counts = json.loads(commit.get("userMetadata") or "{}").get(ERASED, {})
            after = commit["version"]
            found = [
                self._step(by_id[one], rows, after - 1, after)
                for one, rows in counts.items()
                if one in by_id
            ]
            if found:
                self._purge()
            self._record_steps(found)

    def _removed(self) -> list[dict[str, Any]]:
        rows = ledger.steps(self.settings, self.job)
        return [row for row in rows if row["step"] == REMOVED and row["table"] == self.table.name]

    def _step(self, erasure: Erasure, rows: int, before: int, after: int) -> Step:
        return Step(
            erasure, REMOVED, self.table.name, rows=rows, version_before=before, version_after=after
        )

    def _record_steps(self, steps: Sequence[Step]) -> None:
        txn = delta.Txn(f"{ERASURES_TXN}:{uuid.uuid4()}", 0)
        ledger.record_steps(self.spark, self.job, self.settings, steps, txn=txn)


# A topic that was made anew gives coordinates twice; the time tells such records apart.
_WHERE: dict[str, tuple[str, ...]] = {
    BRONZE_POSTS.name: ("kafka_timestamp", *BRONZE_POSTS.partition_by),
    QUARANTINE_POSTS.name: ("kafka_timestamp",),
}
