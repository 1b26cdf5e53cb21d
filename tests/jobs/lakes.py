"""Make lakes whose Bronze is written without Kafka, and run the two later jobs in this process."""

import shutil
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from pyspark.errors import StreamingQueryException
from pyspark.sql import SparkSession

from foundation.settings import Settings
from ingestion.generator import Rates
from lakehouse.delta.lake import Lake as DeltaLake
from lakehouse.jobs.job import RunningJob
from schemas.tables import BRONZE_POSTS
from schemas.topics import platform_of
from streaming.failures import named_error
from streaming.jobs import STARTS
from tests.support import oracle
from tests.support.clock import BASE
from tests.support.lake import (
    Row,
    assert_exact,
    assert_gold,
    assert_ops,
    assert_silver,
    assert_tombstones,
    rows_of,
)

BEHIND_BRONZE = ("bronze_to_silver", "silver_to_gold")
# The rates are high, so that a few hundred posts contain every case.
RATES = Rates(
    edits=0.08,
    edits_back=0.03,
    deletes=0.08,
    resurrections=0.03,
    author_deletes=0.03,
    late=0.10,
    score_only=0.05,
    duplicates=0.08,
    bad=0.08,
    unmappable=0.02,
)
# Half a year later, the texts of some platforms have expired and no platform's posts have.
NOW = BASE + timedelta(days=200)
RECEIVED = NOW - timedelta(minutes=1)
DRAINED_WITHIN = timedelta(minutes=15)  # the seed of the lake that all tests copy
POSTS = 300
CAP = 2000
END_S = 480  # seconds, for a drain that hangs; on a busy machine some take minutes


@dataclass
class Lake:
    """A lake, its ledger, and the records that Kafka would hold."""

    spark: SparkSession
    settings: Settings
    ledger: Sequence[Row]
    bronze: list[Row]

    @property
    def delta(self) -> DeltaLake:
        """The lake as the jobs get it."""
        return DeltaLake(self.spark, self.settings)

    def set(self, **changes: Any) -> "Lake":
        """Return the same lake with other settings."""
        settings = self.settings.model_copy(update=changes)
        return Lake(self.spark, settings, self.ledger, self.bronze)

    def stream(self, **changes: Any) -> "Lake":
        """Return the same lake with other settings of section `stream`."""
        return self.set(stream=self.settings.stream.model_copy(update=changes))

    def receive(self, rows: Iterable[Row]) -> None:
        """Append to Bronze, one file per platform."""
        self.delta.ensure(BRONZE_POSTS)
        frame = self.spark.createDataFrame(list(rows), BRONZE_POSTS.schema).coalesce(1)
        self.delta.append(frame, BRONZE_POSTS)

    def start(self, job: str, *, available_now: bool = True, **named: Any) -> RunningJob:
        """Start a job."""
        return STARTS[job](self.delta, available_now=available_now, **named)

    def drain(self, *jobs: str) -> "Lake":
        """Process all records through the later hops, or some of them."""
        for job in jobs or BEHIND_BRONZE:
            running = self.start(job)
            try:
                assert running.query.awaitTermination(END_S), f"{job} did not end"
            except StreamingQueryException as error:
                raise named_error(error, running.job, self.settings) from error
            finally:
                running.query.stop()
            running.maintain(True)
        return self

    def checkpoint(self, job: str) -> Path:
        """Return the folder of a job's checkpoint."""
        return self.settings.home / "checkpoints" / job / "v1"

    def assert_exact(self, *more: Sequence[Row], consumed: int | None = None) -> None:
        """Check everything against the ledger."""
        count = len(self.ledger) + sum(map(len, more)) if consumed is None else consumed
        assert_exact(
            self.settings,
            self.ledger,
            *more,
            consumed={"topic_to_bronze": 0, "bronze_to_silver": count},
        )


def as_kafka_would(
    messages: Iterable[tuple[str, bytes | None, bytes | None, list[tuple[str, bytes]]]],
) -> list[Row]:
    """Return rows of bronze.posts: two partitions by key, with offsets from 0."""
    ends: dict[tuple[str, int], int] = {}
    rows = []
    for topic, key, value, headers in messages:
        partition = sum(key or b"") % 2 if topic.endswith(".posts.v1") else 0
        offset = ends.get((topic, partition), 0)
        ends[topic, partition] = offset + 1
        named = {name: text.decode() for name, text in headers}
        rows.append(
            {
                "topic": topic,
                "partition": partition,
                "offset": offset,
                "kafka_timestamp": RECEIVED,
                "ingest_date": RECEIVED.date(),
                "platform": platform_of(topic),
                "op": named.get("op"),
                "post_key": named.get("post_key"),
                "author_key": named.get("author_key"),
                "day": datetime.fromisoformat(named["day"]).date() if "day" in named else None,
                "key": key,
                "headers": dict(headers),
                "value": value,
            }
        )
    return rows


def again(rows: Sequence[Row]) -> list[Row]:
    """Return the same records sent once more, at later offsets."""
    ends: dict[tuple[str, int], int] = {}
    for row in rows:
        lane = (row["topic"], row["partition"])
        ends[lane] = max(ends.get(lane, 0), row["offset"] + 1)
    return [row | {"offset": row["offset"] + ends[row["topic"], row["partition"]]} for row in rows]


def copied(lake: Lake, home: Path) -> Lake:
    shutil.copytree(lake.settings.home, home, dirs_exist_ok=True)
    return lake.set(home=home)


def plans_of(spark: SparkSession) -> bytes:
    """Return the session's newest plans, as Spark's UI and event logs quote them."""
    executions: Any = spark._jsparkSession.sharedState().statusStore().executionsList()
    plans = (executions.apply(at).physicalPlanDescription() for at in range(executions.size()))
    return "".join(
        plan or "" for plan in plans
    ).encode()  # Spark 4.2 has no plans of pending queries


def assert_behind_bronze(
    lake: Lake, ledger: Sequence[Row], bronze: Sequence[Row], consumed: int
) -> None:
    """Check all later tables by the ledger. `consumed` is the count of bronze_to_silver."""
    expected = oracle.expected(ledger)
    assert_silver(lake.settings, expected, bronze)
    assert_tombstones(lake.settings, expected, ledger)
    assert_gold(lake.settings, expected)
    assert_ops(lake.settings, {"topic_to_bronze": 0, "bronze_to_silver": consumed})
    bad = Counter(row["reason"] for row in ledger if row["fate"] == "quarantined")
    assert Counter(row["reason"] for row in rows_of(lake.settings, "quarantine.posts")) == bad
