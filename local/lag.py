"""How far each job is behind what it reads, from its checkpoint and without Spark."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deltalake import DeltaTable
from deltalake.exceptions import DeltaError, TableNotFoundError

from foundation.job_names import JobName
from foundation.sections import S3Settings
from foundation.settings import Settings
from ingestion.kafka.topics import end_offsets
from lakehouse.jobs.checkpoint import checkpoint
from lakehouse.storage.s3 import is_s3, storage_options

_FROM_KAFKA: JobName = "topic_to_bronze"
_FROM_TABLES: dict[JobName, str] = {
    "bronze_to_silver": "bronze/posts",
    "silver_to_gold": "silver/posts",
}


@dataclass(frozen=True, slots=True)
class Lag:
    """One reader's distance from the end of what it reads; None where nobody can tell."""

    what: str
    done: int | None
    end: int | None
    unit: str

    @property
    def behind(self) -> int | None:
        """Return the number of records still to be read."""
        return None if self.done is None or self.end is None else max(0, self.end - self.done)


def topic_lags(settings: Settings) -> list[Lag]:
    """Return per topic how many records Bronze has not taken in yet.

    Raises:
        BrokerUnreachableError: Kafka does not answer.
    """
    ends = {topic: sum(offsets.values()) for topic, offsets in end_offsets(settings).items()}
    try:
        committed: dict[str, dict[str, int]] = committed_offset(_FROM_KAFKA, settings) or {}
    except PermissionError:
        return [Lag(topic, None, end, "records") for topic, end in ends.items()]
    return [
        Lag(topic, sum(committed.get(topic, {}).values()), end, "records")
        for topic, end in ends.items()
    ]


def table_lags(settings: Settings) -> list[Lag]:
    """Return per job that reads a table how many of its versions are still to be read."""
    return [
        Lag(
            job,
            _version_read(job, settings),
            _version(f"{settings.lake_uri}/{table}", settings.s3),
            "versions",
        )
        for job, table in _FROM_TABLES.items()
    ]


def committed_offset(job: JobName, settings: Settings) -> Any:
    """Return the end of the last finished batch, in Spark's JSON; None before the first one.

    Raises:
        PermissionError: the checkpoint may not be read.
    """
    own = checkpoint(job, settings)
    batch = own.committed_batch
    try:
        return None if batch is None else own.end_offset(batch)
    except PermissionError:
        raise
    except (OSError, ValueError, IndexError):  # a job at work replaces these files
        return None


def _version_read(job: JobName, settings: Settings) -> int | None:
    """Return the last version that a job has read whole; None where its checkpoint is closed."""
    try:
        return _version_done(committed_offset(job, settings))
    except PermissionError:
        return None


def _version_done(offset: Any) -> int:
    """Return the last version that was read whole; a negative index precedes its first file."""
    if offset is None:
        return -1
    version = int(offset["reservoirVersion"])
    index = int(offset["index"])
    return version if index >= 0 else version - 1


def _version(uri: str, s3: S3Settings) -> int | None:
    """Return the table's version; -1 where there is no table, None where nobody can tell."""
    try:
        if not is_s3(uri) and not Path(uri, "_delta_log").is_dir():
            return -1
        return DeltaTable(uri, storage_options=storage_options(uri, s3)).version()
    except TableNotFoundError:
        return -1
    except (DeltaError, OSError):
        return None
