"""Delete the rows that erasures block from one table, in one commit for all erasures."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from foundation.crash_points import crash_point
from foundation.key_sources import payload_source
from foundation.logs import get_log
from lakehouse.delta.lake import Lake
from lakehouse.delta.log import metadata_of
from lakehouse.erasure import ledger
from lakehouse.erasure.ledger import Erasure, Step
from lakehouse.maintenance.purge import purge
from schemas.stored_names import AFTER_ERASING, AFTER_PURGING, BEFORE_ERASING, ERASED, REMOVED
from schemas.tables import BRONZE_POSTS, QUARANTINE_POSTS, SILVER_POSTS, Table
from transforms.bronze import from_quarantine
from transforms.order import KEY
from transforms.suppression import blocked, suspects, with_versions

_log = get_log("removals")


@dataclass(frozen=True)
class EraseRows:
    """Erases rows from one table of one job; each table has its own way to find blocked rows."""

    lake: Lake
    job: str
    table: Table

    def run(self, erasures: Sequence[Erasure]) -> None:
        """Delete the rows that the erasures' tombstones block; record it for the new erasures.

        After a crash the next run completes the work: the commit names the erasures, and the ledger
        follows the commit. Rows are recorded as removed once no file of the table holds them, so
        that the wait for a vacuum can count from there.
        """
        self._reconcile(erasures)
        recorded = {row["erasure_id"] for row in self._removed()}
        log = self.lake.log(self.table)
        if not log.exists():
            new = [erasure for erasure in erasures if erasure.id not in recorded]
            self._record([Step(erasure, REMOVED, self.table.name, rows=0) for erasure in new])
            return
        before = log.version()
        counts = self._delete_blocked(erasures)
        self._crash_point(AFTER_ERASING)
        after = log.version()
        # This also removes rows that batches changed or deleted before. An erasure that follows a
        # platform's delete finds no row here.
        purge(self.lake, self.table)
        self._crash_point(AFTER_PURGING)
        steps = [
            self._step(erasure, counts.get(erasure.id, 0), before, after) for erasure in erasures
        ]
        self._record([step for step in steps if step.rows or step.erasure.id not in recorded])

    def _delete_blocked(self, erasures: Sequence[Erasure]) -> dict[str, int]:
        """Delete the blocked rows, if there are any; return their number by erasure."""
        rows = self._blocked(erasures).persist()
        try:
            counted = rows.groupBy("erasure_id").agg(F.count(F.lit(1)).alias("rows")).collect()
            counts = {row["erasure_id"]: row["rows"] for row in counted}
            self._crash_point(BEFORE_ERASING)
            if counts:
                self._delete(rows, counts)
        finally:
            rows.unpersist()
        return counts

    def _blocked(self, erasures: Sequence[Erasure]) -> DataFrame:
        tombstones = ledger.tombstones(self.lake, erasures)
        rows = self.lake.read(self.table)
        if self.table.name == SILVER_POSTS.name:
            posts = rows.select(*KEY, "author_key", "version", "day", F.lit("upsert").alias("op"))
            return blocked(posts, tombstones, *KEY, "day")
        partition = self.table.partition_by if "platform" in self.table.columns else ()
        keys = (*self.table.key, *partition, *_COORDINATES[self.table.name])
        is_bronze = self.table.name == BRONZE_POSTS.name
        # A quarantined record may name a wrong author, so all payloads there are read.
        records = suspects(rows, tombstones) if is_bronze else from_quarantine(rows)
        versions = with_versions(records, payload_source(self.lake.settings))
        return blocked(versions, tombstones, *dict.fromkeys(keys))

    def _delete(self, rows: DataFrame, counts: dict[str, int]) -> None:
        keys = [name for name in rows.columns if name != "erasure_id"]
        same: Column = F.expr(" AND ".join(f"t.{name} = s.{name}" for name in keys))
        for name in self.table.partition_by:  # as literals, so the merge opens no other files
            values = [row[name] for row in rows.select(name).distinct().collect()]
            same = same & F.col(f"t.{name}").isin(values)
        with self.lake.commit_as(txn=ledger.new_txn(), metadata={ERASED: counts}):
            self.lake.merge(rows.select(*keys), self.table, same).whenMatchedDelete().execute()
        _log.info("erased", table=self.table.name, rows=sum(counts.values()), erasures=len(counts))

    def _reconcile(self, erasures: Sequence[Erasure]) -> None:
        """Record the commits of a run that was killed before it recorded them."""
        log = self.lake.log(self.table)
        if not erasures or not log.exists():
            return
        by_id = {erasure.id: erasure for erasure in erasures}
        known = [row["version_after"] for row in self._removed()]
        first = max((version for version in known if version is not None), default=-1) + 1
        for commit in reversed(log.commits_since(first)):
            after = commit["version"]
            steps = [
                self._step(by_id[erasure_id], rows, after - 1, after)
                for erasure_id, rows in metadata_of(commit).get(ERASED, {}).items()
                if erasure_id in by_id
            ]
            if steps:
                purge(self.lake, self.table)
            self._record(steps)

    def _removed(self) -> list[dict[str, Any]]:
        rows = ledger.steps(self.lake.settings, self.job)
        return [row for row in rows if row["step"] == REMOVED and row["table"] == self.table.name]

    def _step(self, erasure: Erasure, rows: int, before: int, after: int) -> Step:
        return Step(
            erasure, REMOVED, self.table.name, rows=rows, version_before=before, version_after=after
        )

    def _record(self, steps: Sequence[Step]) -> None:
        ledger.record_steps(self.lake, self.job, steps, txn=ledger.new_txn())

    def _crash_point(self, point: str) -> None:
        crash_point(self.job, f"{point}{self.table.name}", self.lake.settings)


# Records of a recreated topic may have the coordinates of older ones; the time tells them apart.
_COORDINATES: dict[str, tuple[str, ...]] = {
    BRONZE_POSTS.name: ("kafka_timestamp", *BRONZE_POSTS.partition_by),
    QUARANTINE_POSTS.name: ("kafka_timestamp",),
}
