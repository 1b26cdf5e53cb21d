"""Spark's and Kafka's errors → ours: one line with the remedy, and nothing of the data."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException, StreamingQueryException

from foundation.errors import (
    BrokerUnreachableError,
    ChangeFeedGapError,
    DiskFullError,
    EchoStreamError,
    JobFailedError,
    LogDamagedError,
    LostOffsetsError,
)
from foundation.settings import Settings
from lakehouse import damage
from lakehouse.batches import Job
from transforms import payloads
from transforms.scoring.refusals import known_again

# What Spark, Kafka and Delta say, by a piece of their messages that has been stable over releases.
_KNOWN: tuple[tuple[tuple[str, ...], Callable[[str, Settings, str], EchoStreamError]], ...] = (
    (
        ("KAFKA_DATA_LOSS", "some data may have been missed", "OffsetOutOfRangeException"),
        lambda job, _, __: LostOffsetsError(
            f"{job}: Kafka no longer holds records that were not read",
            remedy=f"Bring Kafka's data back, or accept the gap with `echostream checkpoint reset {job}`",
        ),
    ),
    (
        ("No space left on device",),
        lambda job, settings, _: DiskFullError(
            f"{job}: the disk of {settings.lake_uri} or {settings.home} is full",
            remedy="Free some, then run again: nothing is lost",
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
        ("DELTA_VERSIONS_NOT_CONTIGUOUS", "DELTA_TRUNCATED_TRANSACTION_LOG", "DELTA_STATE_RECOVER_ERROR"),
        lambda job, _, __: LogDamagedError(
            f"{job}: a commit is missing in the log of a table that it reads or writes",
            remedy="All data files are left as they are. `echostream checkpoint show` names the table and the commands",
        ),
    ),
    (
        (
            "FAILED_READ_FILE",
            "CANNOT_READ_FILE_FOOTER",
            "is not a Parquet file",
            "org.apache.hadoop.fs.ChecksumException",
            "DELTA_FILE_NOT_FOUND_DETAILED",
        ),
        lambda job, settings, said: damage.of_file(said, settings.lake_uri, doing=job),
    ),
    (
        (
            "DELTA_CHANGE_DATA_FILE_NOT_FOUND",
            "DELTA_CHANGE_TABLE_FEED_DISABLED",
            "DELTA_FILE_NOT_FOUND",
            "VersionNotFound",
        ),
        lambda job, _, __: ChangeFeedGapError(
            f"{job}: the source's change feed no longer reaches back to where this job stands",
            remedy="`echostream rebuild gold` puts the table anew and begins where Silver stands",
        ),
    ),
)


def named_error(error: StreamingQueryException, job: Job, settings: Settings) -> EchoStreamError:
    """Our name for what ended a query."""
    if job.failures:
        return job.failures[-1]
    condition = error.getCondition() or type(error).__name__
    return _known(str(error), job.name, settings) or JobFailedError(
        f"{job.name} failed with {condition}",
        remedy=f"The cause is in {settings.home}/logs/spark.log; then run again: nothing is lost",
    )


@contextmanager
def named_outside_queries(doing: str, settings: Settings) -> Iterator[None]:
    """The same for what Spark raises elsewhere, such as where a job's tables are made or kept."""
    try:
        yield
    except (Py4JJavaError, PySparkException) as error:
        if known := _known(str(error), doing, settings):
            raise known from error
        raise


def _known(text: str, job: str, settings: Settings) -> EchoStreamError | None:
    if refusal := payloads.known_again(text) or known_again(text):
        return refusal
    return next((make(job, settings, text) for pieces, make in _KNOWN if any(piece in text for piece in pieces)), None)
