"""Batch jobs, each in a session of its own, holding the lake."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Literal

from pyspark.errors import PythonException
from pyspark.sql import SparkSession

from batch.compact import Compacted
from batch.compact import compact as compact_tables
from batch.erase import Erased
from batch.erase import carry_out as carry_out_erasures
from batch.rebuild_gold import rebuild_gold
from batch.rebuild_silver import rebuild_silver
from batch.replay_quarantine import Replayed, replay_quarantine
from batch.rescore import Rescored
from batch.rescore import rescore as rescore_history
from batch.rotate_keys import Rekeyed, Rotation, begin, end, rekey_tables
from foundation.logs import setup_logs
from foundation.policies import policies
from foundation.settings import Settings
from lakehouse.jobs.commit_marks import GOLD_JOB, Lost, demand_whole, follow
from lakehouse.retention.enforce import Enforced
from lakehouse.retention.enforce import enforce as enforce_policies
from lakehouse.spark.session import build_session, ending, jvm_pid
from lakehouse.storage.lease import hold_lake
from schemas.reasons import Reason
from schemas.tables import SILVER_POSTS, TABLES
from streaming.failures import named_outside_queries
from transforms.payloads import known_again

# What a rebuild restores of what is lost; Gold is counted anew after Silver.
_REPAIRS: dict[str, Callable[[Lost], bool]] = {
    "silver": lambda lost: lost.table == SILVER_POSTS.name or lost.job == GOLD_JOB,
    "gold": lambda lost: lost.job == GOLD_JOB,
}


def rebuild(settings: Settings, layer: Literal["silver", "gold"]) -> dict[str, int]:
    """Rebuild a layer; answers the rows by table.

    Raises:
        LakeInUseError: the streams, or another job, hold the lake.
    """
    with _session(settings, f"rebuild {layer}", repairs=_REPAIRS[layer]) as spark:
        return (
            rebuild_gold(spark, settings)
            if layer == "gold"
            else {SILVER_POSTS.name: rebuild_silver(spark, settings)}
        )


def replay(settings: Settings, *, reason: Reason | None, dry_run: bool) -> list[Replayed]:
    """Replay quarantined records; answers what became of them, by topic.

    Raises:
        LakeInUseError: the streams, or another job, hold the lake.
    """
    with _session(settings, "replay-quarantine") as spark:
        return replay_quarantine(spark, settings, reason=reason, dry_run=dry_run)


def compact(settings: Settings) -> Iterator[Compacted]:
    """Compact every table; answers what was done, table by table.

    Raises:
        LakeInUseError: the streams, or another job, hold the lake.
    """
    with _session(settings, "compact") as spark:
        yield from compact_tables(spark, settings)


def erase(settings: Settings) -> Erased:
    """Carry out the erasures that wait.

    Raises:
        LakeInUseError: the streams, or another job, hold the lake; the streams carry them out
            themselves.
    """
    with _session(settings, "erase") as spark:
        return carry_out_erasures(spark, settings)


def rescore(settings: Settings, *, rows_per_commit: int) -> Iterator[Rescored]:
    """Score history by the settings' scorer where another one has; answers what was done, commit by commit.

    Raises:
        LakeInUseError: the streams, or another job, hold the lake.
    """
    with _session(settings, "rescore") as spark:
        yield from rescore_history(spark, settings, rows_per_commit=rows_per_commit)


def retain(settings: Settings, *, now: datetime, dry_run: bool = False) -> Iterator[Enforced]:
    """Remove from the tables what their policies keep no longer; answers what was done, rule by rule.

    Raises:
        LakeInUseError: the streams, or another job, hold the lake.
    """
    with _session(settings, "retain") as spark:
        # Silver before Bronze, so that a rebuild in between brings nothing back.
        yield from enforce_policies(spark, settings, TABLES, policies(), now=now, dry_run=dry_run)


def rotate_keys(settings: Settings, on_table: Callable[[Rekeyed], None]) -> Rotation:
    """Bring the lake to a new version of the pseudonym key, or end what was begun; tells of each table.

    Raises:
        LakeInUseError: the streams, or another job, hold the lake.
        KeyFileError, KeyServiceError, KeyMismatchError: the keys are not what a rotation needs;
            nothing is written.
    """
    with _session(settings, "keys rotate") as spark:
        rotation = begin(settings)
        for done in rekey_tables(spark, settings, rotation):
            on_table(done)
        end(settings, rotation)
        return rotation


@contextmanager
def _session(
    settings: Settings, job: str, *, repairs: Callable[[Lost], bool] = lambda _: False
) -> Iterator[SparkSession]:
    setup_logs(settings.home / "logs" / "run.jsonl", settings.log_level)
    with hold_lake(settings) as lease:
        demand_whole(settings, but=repairs)
        spark = build_session(settings, f"echostream {job}")
        with ending(spark, settings), named_outside_queries(job, settings):
            lease.name_jvm(jvm_pid(spark))
            try:
                yield spark
            except (
                PythonException
            ) as error:  # a worker's error about a key under its own name, not under Spark's
                raise known_again(str(error)) or error from None
        follow(settings)
