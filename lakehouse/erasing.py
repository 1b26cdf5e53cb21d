"""Erasures within the jobs, between their batches: requests and batches admitted, rows removed, Gold followed."""

import math
import time
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from foundation.crash import crash_point
from foundation.logs import get_log
from foundation.settings import Settings
from lakehouse import delta, delta_log, erasure_requests, erasures
from lakehouse.batches import Job
from lakehouse.erasure_files import remove_files
from lakehouse.erasure_requests import Request
from lakehouse.erasures import ADMITTED, REMOVED, Erasure, Step
from lakehouse.frozen import computed_once
from lakehouse.removals import Sweep
from schemas.tables import BRONZE_POSTS, SILVER_POSTS, SILVER_TOMBSTONES, Table
from transforms.suppression import FOREVER

_MICROSECOND = timedelta(microseconds=1)
_PRODUCERS_MAY_BE_AWAY = timedelta(days=30)
_BATCHED = ("platform", "expiry")  # reasons of tombstones whose erasures are formed of many

_log = get_log("erasures")


class Erasing:
    """What a job does for the tables that erasures take rows out of."""

    def __init__(self, spark: SparkSession, job: Job, tables: Sequence[Table], *, admits: bool = False) -> None:
        self._spark, self._job, self._tables, self._admits = spark, job, tables, admits
        self._looked_at = self._swept_at = self._vacuumed_at = -math.inf
        self._known = 0  # erasures at the last sweep

    def run(self, force: bool) -> None:
        """Admit and remove what is due."""
        settings = self._job.settings
        if not force and time.monotonic() - self._looked_at < settings.erasure.interval_s:
            return
        self._looked_at = time.monotonic()
        with self._job.writing:
            if self._admits:
                admit(self._spark, self._job.name, settings)
            every = erasures.admitted(settings)
            is_time = time.monotonic() - self._swept_at >= settings.erasure.batch_interval_s
            if every and (is_time or len(every) != self._known):
                for table in self._tables:
                    Sweep(self._spark, self._job.name, table, settings).run(every)
                self._swept_at, self._known = time.monotonic(), len(every)
            if every and time.monotonic() - self._vacuumed_at >= settings.erasure.vacuum_interval_s:
                for table in self._tables:
                    remove_files(self._spark, self._job.name, table, settings, every)
                self._vacuumed_at = time.monotonic()


class Following:
    """What Gold's job does: it says from which version on Gold is without what Silver lost."""

    def __init__(self, spark: SparkSession, job: Job) -> None:
        self._spark, self._job = spark, job
        self._looked_at = -math.inf

    def run(self, force: bool) -> None:
        """Note what the change feed has brought."""
        settings = self._job.settings
        if not force and time.monotonic() - self._looked_at < settings.erasure.interval_s:
            return
        self._looked_at = time.monotonic()
        with self._job.writing:
            self._note()

    def _note(self) -> None:
        job, settings = self._job, self._job.settings
        every = {each.id: each for each in erasures.admitted(settings)}
        noted = {(row["erasure_id"], row["what"].get("silver_version")) for row in erasures.steps(settings, job.name)}
        gone = [
            row
            for row in erasures.steps(settings, "bronze_to_silver")
            if row["step"] == REMOVED and row["table"] == SILVER_POSTS.name and row["rows"]
            and (row["erasure_id"], row["version_after"]) not in noted
        ]  # fmt: skip
        if not gone:
            return
        for table in job.owns:
            reflected = delta_log.newest_metadata(table, settings, "silver_version")
            steps = [
                Step(
                    every[row["erasure_id"]], REMOVED, table.name,
                    what={"silver_version": row["version_after"]}, version_after=delta_log.version(table, settings),
                )
                for row in gone
                if reflected is not None and reflected >= row["version_after"]
            ]  # fmt: skip
            erasures.note(self._spark, job.name, settings, steps, txn=_once())


def admit(spark: SparkSession, job: str, settings: Settings) -> None:
    """Make tombstones of the requests that wait, and batches of the tombstones that have waited long enough."""
    for request in erasure_requests.waiting(settings):
        _admit_request(spark, job, settings, request)
    for cause in _BATCHED:
        _admit_batch(spark, job, settings, cause)
    _note_producers(spark, job, settings)
    # A person's stay, as tombstones do: a producer that has been away for long must learn of them too.
    recently = datetime.now(UTC) - _PRODUCERS_MAY_BE_AWAY
    kept = (each for each in erasures.admitted(settings) if each.cause == "request" or each.until > recently)
    erasure_requests.clear(settings, {each.id for each in kept})


def _note_producers(spark: SparkSession, job: str, settings: Settings) -> None:
    """Make what producers did a part of the receipts, each file once."""
    by_id = {each.id: each for each in erasures.admitted(settings)}
    for done in erasure_requests.done_by_producers(settings):
        if erasure := by_id.get(done.erasure_id):
            step = Step(
                erasure, REMOVED, f"producers.{done.platform}", what=done.counts, rows=sum(done.counts.values())
            )
            erasures.note(spark, job, settings, [step], txn=delta.Txn(f"producers:{done.name}", 0))
        erasure_requests.settle_done(settings, done)


def _admit_request(spark: SparkSession, job: str, settings: Settings, request: Request) -> None:
    """Each step may be repeated: the tombstones have the request's own time and transaction."""
    at = request.asked_at
    erasure = Erasure(request.id, "request", at, at - _MICROSECOND, at)
    if all(each.id != request.id for each in erasures.admitted(settings)):
        rows = [
            (request.owner, target.platform, *((None, key) if target.kind == "author" else (key, None)))
            for target in request.targets
            for key in target.keys
        ]
        named = spark.createDataFrame(rows, "owner string, platform string, post_key string, author_key string")
        with computed_once(_with_posts(spark, settings, request, named)) as asked:
            kinds = asked.agg(F.count("post_key").alias("posts"), F.count("author_key").alias("authors")).collect()[0]
            crash_point(job, "before_entombing", settings)
            delta.append(_entombed(asked, at), SILVER_TOMBSTONES, settings, txn=delta.Txn(f"erase:{request.id}", 0))
        _hand_over(spark, settings, erasure)
        crash_point(job, "before_admitting", settings)
        what = {"targets": len(request.targets), "posts": kinds["posts"]}
        erasures.note(spark, job, settings, [Step(erasure, ADMITTED, what=what)], txn=_once())
        _log.info("admitted", erasure=request.id, **what)
    crash_point(job, "before_settling", settings)
    erasure_requests.settle(settings, request)


def _with_posts(spark: SparkSession, settings: Settings, request: Request, named: DataFrame) -> DataFrame:
    """What is asked for, and the posts of the authors that are: a record of theirs may come without an author."""
    authors = named.where("author_key IS NOT NULL").select("platform", "author_key")
    columns = ("platform", "post_key", "day")
    found = delta.read(spark, SILVER_POSTS, settings).join(authors, on=["platform", "author_key"]).select(*columns)
    if delta_log.exists(BRONZE_POSTS, settings):
        bronze = delta.read(spark, BRONZE_POSTS, settings).where("post_key IS NOT NULL")
        found = found.unionByName(bronze.join(authors, on=["platform", "author_key"]).select(*columns))
    posts = found.groupBy("platform", "post_key").agg(F.min("day").alias("day"))
    as_asked = posts.select(
        F.lit(request.owner).alias("owner"), "platform", "post_key", F.lit(None).cast("string").alias("author_key"),
        "day",
    )  # fmt: skip
    return named.withColumn("day", F.lit(None).cast("date")).unionByName(as_asked)


def _entombed(asked: DataFrame, at: datetime) -> DataFrame:
    return (
        asked.withColumn("version", F.lit(FOREVER))
        .withColumn("reason", F.lit("request"))
        .withColumn("at", F.lit(at))
        .withColumn("until", F.lit(None).cast("timestamp"))
    )


def _admit_batch(spark: SparkSession, job: str, settings: Settings, cause: str) -> None:
    """A batch, once the oldest tombstone that is in none has waited for the interval."""
    since = max((each.until for each in erasures.admitted(settings) if each.cause == cause), default=erasures.FORMER)
    (row,) = delta_log.rows(
        SILVER_TOMBSTONES,
        settings,
        "SELECT min(at) AS first, max(at) AS last, count(post_key) AS posts, count(author_key) AS authors"  # noqa: S608  # a closed list, and a time of ours
        f" FROM t WHERE reason = '{cause}' AND at > TIMESTAMP '{since.isoformat()}'",
    )
    interval = timedelta(seconds=settings.erasure.batch_interval_s)
    if row["first"] is None or datetime.now(UTC) - row["first"] < interval:
        return
    erasure = Erasure(uuid.uuid4().hex, cause, row["first"], since, row["last"])
    _hand_over(spark, settings, erasure)
    what = {"authors": row["authors"], "posts": row["posts"]}
    erasures.note(spark, job, settings, [Step(erasure, ADMITTED, what=what)], txn=_once())
    _log.info("admitted", erasure=erasure.id, cause=cause, **what)


def _hand_over(spark: SparkSession, settings: Settings, erasure: Erasure) -> None:
    """Tell the producers, who own landing files and cursors: they read no tables."""
    rows = erasures.graves(spark, settings, [erasure]).select("platform", "post_key", "author_key", "version")
    erasure_requests.hand_over(settings, erasure.id, (row.asDict() for row in rows.toLocalIterator()))


def _once() -> delta.Txn:
    return delta.Txn(f"erasures:{uuid.uuid4()}", 0)
