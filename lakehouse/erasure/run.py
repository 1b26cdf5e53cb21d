"""Erasures within the jobs, between their batches: requests and batches registered, rows removed, Gold followed."""

import time
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from foundation import clock
from foundation.crash_points import crash_point
from foundation.errors import ErasureRequestError
from foundation.logs import get_log
from foundation.settings import Settings
from lakehouse.delta import log as delta_log
from lakehouse.delta import tables as delta
from lakehouse.erasure import ledger
from lakehouse.erasure import requests as erasure_requests
from lakehouse.erasure.delete import EraseRows
from lakehouse.erasure.ledger import Erasure, Step
from lakehouse.erasure.requests import Request
from lakehouse.erasure.vacuum import remove_files
from lakehouse.jobs.job import Job
from lakehouse.jobs.key_check import key_id_in_use
from lakehouse.jobs.schedule import Schedule, Task
from schemas.stored_names import (
    ADMITTED,
    BEFORE_ADMITTING,
    BEFORE_ENTOMBING,
    BEFORE_SETTLING,
    ERASURES_FOLDER,
    ERASURES_TXN,
    EXPIRY_CAUSE,
    PLATFORM_CAUSE,
    PRODUCERS_TABLE,
    PRODUCERS_TXN,
    REMOVED,
    REQUEST_CAUSE,
    REQUESTS_FOLDER,
    SILVER_VERSION,
    WHAT_AUTHORS,
    WHAT_POSTS,
    WHAT_TARGETS,
    WHAT_TOMBSTONES,
)
from schemas.tables import BRONZE_POSTS, SILVER_POSTS, SILVER_TOMBSTONES, Table
from transforms.suppression import FOREVER

_MICROSECOND = timedelta(microseconds=1)
_PRODUCERS_MAY_BE_AWAY = timedelta(days=30)
_TOMBSTONE = ("platform", "post_key", "author_key", "version")
_BATCHED = (PLATFORM_CAUSE, EXPIRY_CAUSE)  # reasons of tombstones whose erasures are formed of many

_REQUESTED = (
    "SELECT at, coalesce(author_key, post_key) AS key FROM t"  # noqa: S608  # a constant of ours
    f" WHERE reason = '{REQUEST_CAUSE}'"
)

_log = get_log("erasures")


def erasure_task(
    spark: SparkSession,
    job: Job,
    tables: Sequence[Table],
    *,
    registers: bool = False,
    now_s: Callable[[], float] = time.monotonic,
) -> Task:
    """Return what a job does for the tables that erasures take rows out of.

    Args:
        spark: the session.
        job: it owns the tables.
        tables: which.
        registers: whether it also registers requests and batches, as one job does.
        now_s: by which its intervals count.

    Raises:
        KeyFileError: the receipt key is at AWS and nobody has said which.
    """
    ledger.demand_receipt_key(job.settings)
    erasures = _Erasures(spark, job, tables, registers=registers, now_s=now_s)
    return Task("erasures", job.settings.erasure.interval_s, erasures.run, may_wait=False)


class _Erasures:
    """A look at the ledger, and within it the work on tables, which has intervals of its own."""

    def __init__(
        self,
        spark: SparkSession,
        job: Job,
        tables: Sequence[Table],
        *,
        registers: bool,
        now_s: Callable[[], float],
    ) -> None:
        self._spark = spark
        self._job = job
        self._tables = tables
        self._registers = registers
        self._erasures: list[Erasure] = []
        self._known = 0  # erasures when rows were last erased
        of = job.settings.erasure
        self._on_tables = Schedule(
            [
                Task(
                    "erase_rows",
                    of.batch_interval_s,
                    self._erase_rows,
                    may_wait=False,
                    begins_at_end=True,
                ),
                Task("remove_files", of.vacuum_interval_s, self._remove_files, begins_at_end=True),
            ],
            now_s=now_s,
        )

    def run(self) -> None:
        """Register what waits; erase rows where an erasure is new or it is time, then remove files."""
        settings = self._job.settings
        with self._job.writing:
            if self._registers:
                register(self._spark, self._job.name, settings)
            self._erasures = ledger.registered(settings)
            if self._erasures:
                self._on_tables.run_due(force=len(self._erasures) != self._known)

    def _erase_rows(self) -> None:
        for table in self._tables:
            EraseRows(self._spark, self._job.name, table, self._job.settings).run(self._erasures)
        self._known = len(self._erasures)

    def _remove_files(self) -> None:
        for table in self._tables:
            remove_files(self._spark, self._job.name, table, self._job.settings, self._erasures)


def gold_erasure_task(spark: SparkSession, job: Job) -> Task:
    """Return what Gold's job does: it says from which version on Gold is without what Silver lost."""

    def run() -> None:
        with job.writing:
            _record_gold(spark, job)

    return Task("gold_erasures", job.settings.erasure.interval_s, run, may_wait=False)


def _record_gold(spark: SparkSession, job: Job) -> None:
    """Record what the change feed has brought."""
    settings = job.settings
    every = {each.id: each for each in ledger.registered(settings)}
    noted = {
        (row["erasure_id"], row["what"].get(SILVER_VERSION))
        for row in ledger.steps(settings, job.name)
    }
    gone = [
        row
        for row in ledger.steps(settings, "bronze_to_silver")
        if row["step"] == REMOVED
        and row["table"] == SILVER_POSTS.name
        and row["rows"]
        and (row["erasure_id"], row["version_after"]) not in noted
    ]
    if not gone:
        return
    for table in job.owns:
        reflected = delta_log.newest_metadata(table, settings, SILVER_VERSION)
        steps = [
            Step(
                every[row["erasure_id"]],
                REMOVED,
                table.name,
                what={SILVER_VERSION: row["version_after"]},
                version_after=delta_log.version(table, settings),
            )
            for row in gone
            if reflected is not None and reflected >= row["version_after"]
        ]
        ledger.record_steps(spark, job.name, settings, steps, txn=_once())


def register(spark: SparkSession, job: str, settings: Settings) -> None:
    """Make tombstones of the requests that wait, and batches of the tombstones that have waited long enough."""
    if waiting := list(erasure_requests.pending_requests(settings)):
        _register_requests(spark, job, settings, waiting)
    for cause in _BATCHED:
        _register_batch(spark, job, settings, cause)
    _record_producers(spark, job, settings)
    # A person's stay, as tombstones do: a producer that has been away for long must learn of them
    # too.
    recently = clock.now() - _PRODUCERS_MAY_BE_AWAY
    kept = [
        each
        for each in ledger.registered(settings)
        if each.cause == REQUEST_CAUSE or each.until > recently
    ]
    there = erasure_requests.withdraw_from_producers(settings, {each.id for each in kept})
    if lost := [each for each in kept if each.id not in there]:
        _publish_to_producers(spark, settings, lost)


def _record_producers(spark: SparkSession, job: str, settings: Settings) -> None:
    """Make what producers did a part of the receipts, each file once."""
    by_id = {each.id: each for each in ledger.registered(settings)}
    for done in erasure_requests.producer_reports(settings):
        if erasure := by_id.get(done.erasure_id):
            step = Step(
                erasure,
                REMOVED,
                f"{PRODUCERS_TABLE}{done.platform}",
                what=done.counts,
                rows=sum(done.counts.values()),
            )
            ledger.record_steps(
                spark, job, settings, [step], txn=delta.Txn(f"{PRODUCERS_TXN}:{done.name}", 0)
            )
        erasure_requests.delete_report(settings, done)


def _register_requests(
    spark: SparkSession, job: str, settings: Settings, waiting: Sequence[Request]
) -> None:
    """All of them in one commit each of tombstones and ledger: a thousand cost little more than one.

    Each step may be repeated. A request's tombstones have its own time, by which they are known
    again.
    """
    known = {each.id for each in ledger.registered(settings)}
    new = [request for request in waiting if request.id not in known]
    if new:
        demand_requests_key(new, settings)
        with_tombstones = {
            (row["at"], row["key"])
            for row in delta_log.rows(
                SILVER_TOMBSTONES,
                settings,
                _REQUESTED,
            )
        }
        crash_point(job, BEFORE_ENTOMBING, settings)
        if missing := [
            each for each in new if (each.asked_at, each.targets[0].keys[0]) not in with_tombstones
        ]:
            _write_tombstones(spark, settings, missing)
        crash_point(job, BEFORE_ADMITTING, settings)
        registered = [
            Erasure(r.id, REQUEST_CAUSE, r.asked_at, r.asked_at - _MICROSECOND, r.asked_at)
            for r in new
        ]
        counts = _publish_to_producers(spark, settings, registered)
        targets = {request.id: len(request.targets) for request in new}
        steps = [
            Step(e, ADMITTED, what={WHAT_TARGETS: targets[e.id], WHAT_TOMBSTONES: counts[e.id]})
            for e in registered
        ]
        ledger.record_steps(spark, job, settings, steps, txn=_once())
        _log.info("admitted", requests=len(new), tombstones=counts.total())
    crash_point(job, BEFORE_SETTLING, settings)
    for request in waiting:
        erasure_requests.delete_request(settings, request)


def demand_requests_key(requests: Sequence[Request], settings: Settings) -> None:
    """Refuse pseudonyms of another key than the lake's: they would block nothing.

    Raises:
        ErasureRequestError: the key was rotated in between.
    """
    key_id = key_id_in_use(settings)
    for request in requests:
        if request.key_id != key_id:
            raise ErasureRequestError(
                f"the erasure request {request.id} names the person under key {request.key_id}, the lake is under"
                f" {key_id}",
                remedy=f"Remove {ERASURES_FOLDER}/{REQUESTS_FOLDER}/{request.id}.json"
                " and ask again by `echostream erase`",
            )


def _write_tombstones(spark: SparkSession, settings: Settings, requests: Sequence[Request]) -> None:
    """A tombstone for each target, and for each post of the authors: a record of theirs may come without an author."""
    rows = [
        (
            each.owner,
            each.asked_at,
            target.platform,
            *((None, key) if target.kind == "author" else (key, None)),
        )
        for each in requests
        for target in each.targets
        for key in target.keys
    ]
    schema = "owner string, at timestamp, platform string, post_key string, author_key string"
    named = spark.createDataFrame(rows, schema)
    authors = F.broadcast(named.where("author_key IS NOT NULL").drop("post_key"))
    columns = ("owner", "at", "platform", "post_key", "day")
    silver = delta.read(spark, SILVER_POSTS, settings).select(
        "platform", "author_key", "post_key", "day"
    )
    found = silver.join(authors, on=["platform", "author_key"]).select(*columns)
    if delta_log.exists(BRONZE_POSTS, settings):
        bronze = delta.read(spark, BRONZE_POSTS, settings).where("post_key IS NOT NULL")
        bronze = bronze.select("platform", "author_key", "post_key", "day")
        found = found.unionByName(
            bronze.join(authors, on=["platform", "author_key"]).select(*columns)
        )
    posts = found.groupBy("owner", "at", "platform", "post_key").agg(F.min("day").alias("day"))
    all_of_them = named.withColumn("day", F.lit(None).cast("date")).unionByName(
        posts, allowMissingColumns=True
    )
    tombstones = (
        all_of_them.withColumn("version", F.lit(FOREVER))
        .withColumn("reason", F.lit(REQUEST_CAUSE))
        .withColumn("until", F.lit(None).cast("timestamp"))
    )
    delta.append(tombstones.coalesce(1), SILVER_TOMBSTONES, settings)


def _register_batch(spark: SparkSession, job: str, settings: Settings, cause: str) -> None:
    """A batch, once the oldest tombstone that is in none has waited for the interval."""
    since = max(
        (each.until for each in ledger.registered(settings) if each.cause == cause),
        default=ledger.FORMER,
    )
    (row,) = delta_log.rows(
        SILVER_TOMBSTONES,
        settings,
        "SELECT min(at) AS first, max(at) AS last, count(post_key) AS posts, count(author_key) AS authors"  # noqa: S608  # a closed list, and a time of ours
        f" FROM t WHERE reason = '{cause}' AND at > TIMESTAMP '{since.isoformat()}'",
    )
    interval = timedelta(seconds=settings.erasure.batch_interval_s)
    if row["first"] is None or clock.now() - row["first"] < interval:
        return
    erasure = Erasure(uuid.uuid4().hex, cause, row["first"], since, row["last"])
    _publish_to_producers(spark, settings, [erasure])
    what = {WHAT_AUTHORS: row["authors"], WHAT_POSTS: row["posts"]}
    ledger.record_steps(spark, job, settings, [Step(erasure, ADMITTED, what=what)], txn=_once())
    _log.info("admitted", erasure=erasure.id, cause=cause, **what)


def _publish_to_producers(
    spark: SparkSession, settings: Settings, registered: Sequence[Erasure]
) -> Counter[str]:
    """Tell the producers, who own landing files and cursors and read no tables; how many tombstones each has."""
    tombstones: dict[str, list[dict[str, Any]]] = {each.id: [] for each in registered}
    for row in ledger.tombstones(spark, settings, registered).toLocalIterator():
        tombstones[row["erasure_id"]].append({name: row[name] for name in _TOMBSTONE})
    for erasure_id, theirs in tombstones.items():
        erasure_requests.publish_to_producers(settings, erasure_id, theirs)
    return Counter({erasure_id: len(theirs) for erasure_id, theirs in tombstones.items()})


def _once() -> delta.Txn:
    return delta.Txn(f"{ERASURES_TXN}:{uuid.uuid4()}", 0)
