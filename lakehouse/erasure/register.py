"""Register erasures: write tombstones for requests, batch other tombstones, inform producers."""

import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from foundation import clock
from foundation.crash_points import crash_point
from foundation.errors import ErasureRequestError
from foundation.logs import get_log
from foundation.settings import Settings
from lakehouse.delta.lake import Lake, Txn
from lakehouse.erasure import ledger
from lakehouse.erasure import requests as erasure_requests
from lakehouse.erasure.ledger import Erasure, Step
from lakehouse.erasure.requests import Request
from lakehouse.jobs.key_check import key_id_in_use
from schemas.stored_names import (
    ADMITTED,
    BEFORE_ADMITTING,
    BEFORE_ENTOMBING,
    BEFORE_SETTLING,
    ERASURES_FOLDER,
    EXPIRY_CAUSE,
    PLATFORM_CAUSE,
    PRODUCERS_TABLE,
    PRODUCERS_TXN,
    REMOVED,
    REQUEST_CAUSE,
    REQUESTS_FOLDER,
    WHAT_AUTHORS,
    WHAT_POSTS,
    WHAT_TARGETS,
    WHAT_TOMBSTONES,
)
from schemas.tables import BRONZE_POSTS, SILVER_POSTS, SILVER_TOMBSTONES
from transforms.suppression import FOREVER

_MICROSECOND = timedelta(microseconds=1)
_PRODUCERS_MAY_BE_AWAY = timedelta(days=30)
_TOMBSTONE = ("platform", "post_key", "author_key", "version")
_BATCHED = (PLATFORM_CAUSE, EXPIRY_CAUSE)  # many tombstones of such a cause make one erasure
_REQUESTED = (
    "SELECT at, coalesce(author_key, post_key) AS key FROM t"  # noqa: S608  # a constant of ours
    f" WHERE reason = '{REQUEST_CAUSE}'"
)

_log = get_log("erasures")


def register(lake: Lake, job: str) -> None:
    """Register waiting requests, and batches of tombstones that have waited long enough.

    Args:
        lake: the lake.
        job: the job that owns Silver and keeps the ledger of registered erasures.
    """
    registration = _Registration(lake, job)
    if pending := list(erasure_requests.pending_requests(lake.settings)):
        registration.of_requests(pending)
    for cause in _BATCHED:
        registration.of_batch(cause)
    registration.of_producers()
    registration.publish_lost()


def demand_requests_key(requests: Sequence[Request], settings: Settings) -> None:
    """Refuse requests whose pseudonyms are under another key than the lake's: they block nothing.

    Raises:
        ErasureRequestError: the key was rotated since the request.
    """
    key_id = key_id_in_use(settings)
    for request in requests:
        if request.key_id != key_id:
            raise ErasureRequestError(
                f"the erasure request {request.id} names the person under key {request.key_id},"
                f" the lake is under {key_id}",
                remedy=f"Remove {ERASURES_FOLDER}/{REQUESTS_FOLDER}/{request.id}.json"
                " and ask again by `echostream erase`",
            )


@dataclass(frozen=True)
class _Registration:
    """One registration, of which each step may be repeated."""

    lake: Lake
    job: str

    def of_requests(self, pending: Sequence[Request]) -> None:
        """Register requests by one commit of tombstones and one of the ledger, then delete them.

        So a thousand requests cost little more than one. The tombstones of a request have its time,
        by which a repeated run finds them.
        """
        settings = self.lake.settings
        known = {erasure.id for erasure in ledger.registered(settings)}
        new = [request for request in pending if request.id not in known]
        if new:
            demand_requests_key(new, settings)
            rows = self.lake.log(SILVER_TOMBSTONES).rows(_REQUESTED)
            done = {(row["at"], row["key"]) for row in rows}
            missing = [
                request for request in new if (request.asked_at, _first_key(request)) not in done
            ]
            crash_point(self.job, BEFORE_ENTOMBING, settings)
            if missing:
                self._write_tombstones(missing)
            crash_point(self.job, BEFORE_ADMITTING, settings)
            self._record_requests(new)
        crash_point(self.job, BEFORE_SETTLING, settings)
        for request in pending:
            erasure_requests.delete_request(settings, request)

    def of_batch(self, cause: str) -> None:
        """Register a batch, once the oldest tombstone of no batch has waited for an interval."""
        settings = self.lake.settings
        ends = (erasure.until for erasure in ledger.registered(settings) if erasure.cause == cause)
        since = max(ends, default=ledger.BEFORE_ALL)
        (row,) = self.lake.log(SILVER_TOMBSTONES).rows(
            "SELECT min(at) AS first, max(at) AS last,"  # noqa: S608  # a closed list, and a time of ours
            " count(post_key) AS posts, count(author_key) AS authors"
            f" FROM t WHERE reason = '{cause}' AND at > TIMESTAMP '{since.isoformat()}'"
        )
        interval = timedelta(seconds=settings.erasure.batch_interval_s)
        if row["first"] is None or clock.now() - row["first"] < interval:
            return
        erasure = Erasure(uuid.uuid4().hex, cause, row["first"], since, row["last"])
        self._publish([erasure])
        counts = {WHAT_AUTHORS: row["authors"], WHAT_POSTS: row["posts"]}
        step = Step(erasure, ADMITTED, what=counts)
        ledger.record_steps(self.lake, self.job, [step], txn=ledger.new_txn())
        _log.info("admitted", erasure=erasure.id, cause=cause, **counts)

    def of_producers(self) -> None:
        """Add the producers' reports to the receipts, each file once."""
        settings = self.lake.settings
        by_id = {erasure.id: erasure for erasure in ledger.registered(settings)}
        for report in erasure_requests.producer_reports(settings):
            if erasure := by_id.get(report.erasure_id):
                step = Step(
                    erasure,
                    REMOVED,
                    f"{PRODUCERS_TABLE}{report.platform}",
                    what=report.counts,
                    rows=sum(report.counts.values()),
                )
                txn = Txn(f"{PRODUCERS_TXN}:{report.name}", 0)
                ledger.record_steps(self.lake, self.job, [step], txn=txn)
            erasure_requests.delete_report(settings, report)

    def publish_lost(self) -> None:
        """Publish again the erasures that producers need and lack, and withdraw the others.

        A person's request stays published, as its tombstones stay: a producer that was away for
        long must learn of it too.
        """
        settings = self.lake.settings
        recently = clock.now() - _PRODUCERS_MAY_BE_AWAY
        kept = [
            erasure
            for erasure in ledger.registered(settings)
            if erasure.cause == REQUEST_CAUSE or erasure.until > recently
        ]
        published = erasure_requests.withdraw_from_producers(
            settings, {erasure.id for erasure in kept}
        )
        if lost := [erasure for erasure in kept if erasure.id not in published]:
            self._publish(lost)

    def _record_requests(self, requests: Sequence[Request]) -> None:
        erasures = [
            Erasure(
                request.id,
                REQUEST_CAUSE,
                request.asked_at,
                request.asked_at - _MICROSECOND,
                request.asked_at,
            )
            for request in requests
        ]
        tombstones = self._publish(erasures)
        steps = [
            Step(
                erasure,
                ADMITTED,
                what={
                    WHAT_TARGETS: len(request.targets),
                    WHAT_TOMBSTONES: tombstones[erasure.id],
                },
            )
            for erasure, request in zip(erasures, requests, strict=True)
        ]
        ledger.record_steps(self.lake, self.job, steps, txn=ledger.new_txn())
        _log.info("admitted", requests=len(requests), tombstones=tombstones.total())

    def _write_tombstones(self, requests: Sequence[Request]) -> None:
        """Write a tombstone for each target, and for each post of the authors among them.

        The posts need tombstones of their own, because a record of them may come without an author.
        """
        named = self._targets_of(requests)
        posts = self._posts_of(named).groupBy("owner", "at", "platform", "post_key")
        dated = posts.agg(F.min("day").alias("day"))
        undated = named.withColumn("day", F.lit(None).cast("date"))
        tombstones = (
            undated.unionByName(dated, allowMissingColumns=True)
            .withColumn("version", F.lit(FOREVER))
            .withColumn("reason", F.lit(REQUEST_CAUSE))
            .withColumn("until", F.lit(None).cast("timestamp"))
        )
        self.lake.append(tombstones.coalesce(1), SILVER_TOMBSTONES)

    def _targets_of(self, requests: Sequence[Request]) -> DataFrame:
        """Return a row for each key of each target."""
        rows = [
            {
                "owner": request.owner,
                "at": request.asked_at,
                "platform": target.platform,
                "post_key": None if target.kind == "author" else key,
                "author_key": key if target.kind == "author" else None,
            }
            for request in requests
            for target in request.targets
            for key in target.keys
        ]
        schema = "owner string, at timestamp, platform string, post_key string, author_key string"
        return self.lake.spark.createDataFrame(rows, schema)

    def _posts_of(self, named: DataFrame) -> DataFrame:
        """Return the posts in Silver and Bronze of the authors among the targets."""
        authors = F.broadcast(named.where("author_key IS NOT NULL").drop("post_key"))
        columns = ("platform", "author_key", "post_key", "day")
        posts = self.lake.read(SILVER_POSTS).select(*columns)
        if self.lake.log(BRONZE_POSTS).exists():
            bronze = self.lake.read(BRONZE_POSTS).where("post_key IS NOT NULL")
            posts = posts.unionByName(bronze.select(*columns))
        theirs = posts.join(authors, on=["platform", "author_key"])
        return theirs.select("owner", "at", "platform", "post_key", "day")

    def _publish(self, erasures: Sequence[Erasure]) -> Counter[str]:
        """Publish tombstones to producers, who read no tables; return their number by erasure."""
        tombstones: dict[str, list[dict[str, Any]]] = {erasure.id: [] for erasure in erasures}
        for row in ledger.tombstones(self.lake, erasures).toLocalIterator():
            tombstones[row["erasure_id"]].append({name: row[name] for name in _TOMBSTONE})
        for erasure_id, rows in tombstones.items():
            erasure_requests.publish_to_producers(self.lake.settings, erasure_id, rows)
        return Counter({erasure_id: len(rows) for erasure_id, rows in tombstones.items()})


def _first_key(request: Request) -> str:
    return request.targets[0].keys[0]
