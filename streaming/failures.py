"""Turn errors of Spark, Kafka and Delta into ours: one line with a remedy, without any data."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from deltalake.exceptions import TableNotFoundError
from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException, StreamingQueryException

from foundation.errors import (
    BrokerUnreachableError,
    ChangeFeedGapError,
    DiskFullError,
    EchoStreamError,
    JobFailedError,
    LakeError,
    LogDamagedError,
    LostOffsetsError,
)
from foundation.settings import Settings
from lakehouse.delta import damage
from lakehouse.delta.log import TableLog
from lakehouse.jobs.checkpoint import checkpoint
from lakehouse.jobs.commit_marks import tables_of
from lakehouse.jobs.job import Job
from schemas.tables import BRONZE_POSTS, JOBS, SILVER_POSTS, TABLES
from transforms import payloads
from transforms.scoring.refusals import known_again

_, BRONZE_TO_SILVER, SILVER_TO_GOLD = JOBS
_SOURCES = {BRONZE_TO_SILVER: BRONZE_POSTS, SILVER_TO_GOLD: SILVER_POSTS}


def _broken_log(doing: str, settings: Settings) -> EchoStreamError:
    """Return the error for a broken log; Spark names no table, so each table's log is tried."""
    for table in tables_of(doing) if doing in JOBS else TABLES:
        try:
            TableLog(table, settings).version()
        except TableNotFoundError:
            continue
        except LakeError as error:
            return error
    return LogDamagedError(
        f"{doing}: a commit is missing in the log of a table that it reads or writes, or cannot be"
        " read",
        remedy="All data files are left as they are. `echostream checkpoint show` names the table"
        " and the commands",
    )


def _broken_file(doing: str, settings: Settings, message: str) -> EchoStreamError:
    """Return the error for a file that cannot be read.

    If the table no longer has the file, the file need not be restored: only history is lost that
    the job has not read.
    """
    if doing in JOBS and (damaged := checkpoint(doing, settings).damage_in(message)):
        return damaged
    file, name = damage.file_and_table(message, settings.lake_uri)
    source = _SOURCES.get(doing)
    if file and source and name == source.name and not TableLog(source, settings).has_file(file):
        return _history_gone(doing)
    return damage.of_file(
        message, settings.lake_uri, doing=doing, safe=_what_is_safe(doing, settings)
    )


def _what_is_safe(doing: str, settings: Settings) -> str:
    if doing not in JOBS:
        return "Committed rows stay, and no row is written twice if the command runs again"
    job_checkpoint = checkpoint(doing, settings)
    if job_checkpoint.planned_batch == job_checkpoint.committed_batch:
        return "No batch had begun"
    return (
        f"Batch {job_checkpoint.planned_batch} is not counted as done: the next run repeats it, and"
        " no row is written twice"
    )


def _history_gone(job: str) -> ChangeFeedGapError:
    remedy = "`echostream rebuild gold` counts the table again and continues where Silver ends"
    if job == BRONZE_TO_SILVER:
        remedy = (
            f"`echostream checkpoint reset {job}` reads all of Bronze again; no row is written"
            " twice"
        )
    return ChangeFeedGapError(
        f"{job}: the source's change feed no longer reaches back to where this job stands",
        remedy=remedy,
    )


# Errors of Spark, Kafka and Delta, by parts of their messages that stay the same over releases.
_KNOWN: tuple[tuple[tuple[str, ...], Callable[[str, Settings, str], EchoStreamError]], ...] = (
    (
        ("KAFKA_DATA_LOSS", "some data may have been missed", "OffsetOutOfRangeException"),
        lambda job, _, __: LostOffsetsError(
            f"{job}: Kafka no longer holds records that were not read",
            remedy="Bring Kafka's data back, or accept the gap with `echostream checkpoint reset"
            f" {job}`",
        ),
    ),
    (
        ("No space left on device",),
        lambda job, settings, _: DiskFullError(
            f"{job}: the disk of {settings.lake_uri} or {settings.home} is full",
            remedy="Free some space, then run again: nothing is lost",
        ),
    ),
    (
        (
            "org.apache.kafka.common.errors.TimeoutException",
            "KAFKA_START_OFFSET",
            "Failed to create new KafkaAdminClient",
        ),
        lambda job, settings, _: BrokerUnreachableError(
            f"{job}: no Kafka broker answers at {settings.bootstrap_servers}",
            remedy="Start it with `echostream up`, then run again: nothing is lost",
        ),
    ),
    (
        (
            "DELTA_VERSIONS_NOT_CONTIGUOUS",
            "DELTA_STATE_RECOVER_ERROR",
            "org.apache.spark.sql.delta.actions.SingleAction",
        ),
        lambda job, settings, _: _broken_log(job, settings),
    ),
    (
        (
            "FAILED_READ_FILE",
            "CANNOT_READ_FILE_FOOTER",
            "is not a Parquet file",
            "org.apache.hadoop.fs.ChecksumException",
            "DELTA_FILE_NOT_FOUND_DETAILED",
            "DELTA_TRUNCATED_TRANSACTION_LOG",
        ),
        _broken_file,
    ),
    (
        (
            "DELTA_CHANGE_DATA_FILE_NOT_FOUND",
            "DELTA_CHANGE_TABLE_FEED_DISABLED",
            "DELTA_FILE_NOT_FOUND",
            "VersionNotFound",
        ),
        lambda job, _, __: _history_gone(job),
    ),
)


def named_error(error: StreamingQueryException, job: Job, settings: Settings) -> EchoStreamError:
    """Return our error for the one that ended a query."""
    if job.failures:
        return job.failures[-1]
    condition = error.getCondition() or type(error).__name__
    return _known(str(error), job.name, settings) or JobFailedError(
        f"{job.name} failed with {condition}",
        remedy=f"The cause is in {settings.home}/logs/spark.log; then run again: nothing is lost",
    )


@contextmanager
def named_outside_queries(doing: str, settings: Settings) -> Iterator[None]:
    """Raise our errors for Spark's outside of queries, such as while a job creates its tables."""
    try:
        yield
    except (Py4JJavaError, PySparkException) as error:
        if known := _known(str(error), doing, settings):
            raise known from error
        raise


def _known(text: str, job: str, settings: Settings) -> EchoStreamError | None:
    if refusal := payloads.known_again(text) or known_again(text):
        return refusal
    return next(
        (
            make(job, settings, text)
            for pieces, make in _KNOWN
            if any(piece in text for piece in pieces)
        ),
        None,
    )
