"""The error that ended a query becomes one line with a remedy, without a word of a post."""

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from pyspark.errors import StreamingQueryException

from foundation.errors import (
    BrokerUnreachableError,
    ChangeFeedGapError,
    CheckpointDamagedError,
    ConservationError,
    DataFileDamagedError,
    DiskFullError,
    JobFailedError,
    LakeError,
    LogDamagedError,
    LostOffsetsError,
    StackError,
)
from foundation.settings import Settings
from lakehouse.jobs.job import Job
from schemas.tables import BRONZE_POSTS, GOLD_SENTIMENT_HOURLY, SILVER_POSTS
from streaming.failures import named_error
from transforms.scoring.refusals import budget_is_spent, service_refused

SECRET = "annlee wrote hello to the world"

# The messages of Spark 4.0.2, Kafka's client 3.9 and Delta 4.0, cut to the relevant line.
SAID = {
    "data loss": (
        "[KAFKA_DATA_LOSS.START_OFFSET_RESET] Some data may have been lost because they are not"
        " available in Kafka any more",
        LostOffsetsError,
        "checkpoint reset topic_to_bronze",
    ),
    "data loss, the older words": (
        "java.lang.IllegalStateException: Partition social.reddit.posts.v1-0's offset was changed"
        " from 5 to 1, some data may have been missed",
        LostOffsetsError,
        "checkpoint reset topic_to_bronze",
    ),
    "offsets below the log": (
        "org.apache.kafka.clients.consumer.OffsetOutOfRangeException: Fetch position out of range",
        LostOffsetsError,
        "checkpoint reset topic_to_bronze",
    ),
    "a full disk": ("java.io.IOException: No space left on device", DiskFullError, "Free some"),
    "no answer from Kafka": (
        "org.apache.kafka.common.errors.TimeoutException: Timed out waiting for a node assignment",
        BrokerUnreachableError,
        "echostream up",
    ),
    "no admin client": (
        "org.apache.kafka.common.KafkaException: Failed to create new KafkaAdminClient",
        BrokerUnreachableError,
        "echostream up",
    ),
    "a damaged data file": (
        "[FAILED_READ_FILE.NO_HINT] Encountered error while reading file"
        " file:/l/day=1/p.snappy.parquet.  SQLSTATE:"
        " KD001 SQLSTATE: XXKST",
        DataFileDamagedError,
        "Put the file back",
    ),
    "a data file that is gone": (
        "[FAILED_READ_FILE.FILE_NOT_EXIST] Encountered error while reading file"
        " file:/l/day=1/p.snappy.parquet. File"
        " does not exist. It is possible the underlying files have been updated.",
        DataFileDamagedError,
        "No batch had begun",
    ),
    "a commit missing in the middle": (
        "[DELTA_VERSIONS_NOT_CONTIGUOUS] Versions (0, 2) are not contiguous.\nA gap in the delta"
        " log between versions 0"
        " and 2 was detected while trying to load version -1.",
        LogDamagedError,
        "checkpoint show",
    ),
    "half a commit": (
        "Unexpected end-of-input within/between Object entries\n at [Source: REDACTED; line: 1,"
        " column: 20] (through"
        ' reference chain: org.apache.spark.sql.delta.actions.SingleAction["commitInfo"])',
        LogDamagedError,
        "checkpoint show",
    ),
    "change files gone": (
        "[DELTA_CHANGE_DATA_FILE_NOT_FOUND] File _change_data/cdc-0.parquet referenced in the"
        " transaction log cannot"
        " be found",
        ChangeFeedGapError,
        "echostream rebuild gold",
    ),
    "change feed off": (
        "[DELTA_CHANGE_TABLE_FEED_DISABLED] Cannot write to table with delta.enableChangeDataFeed"
        " set",
        ChangeFeedGapError,
        "echostream rebuild gold",
    ),
}


@pytest.fixture
def settings(tmp_path):
    return Settings(home=tmp_path)


@pytest.fixture
def job(settings):
    return Job("topic_to_bronze", (BRONZE_POSTS,), settings)


def ended(message: str) -> StreamingQueryException:
    """Wrap the error as Spark does: the cause's message within its own, often with the plan."""
    return StreamingQueryException(
        f"[STREAM_FAILED] Query [id = 1] terminated with exception: {message}\n{SECRET}"
    )


@pytest.mark.parametrize(("message", "kind", "remedy"), SAID.values(), ids=SAID)
def test_a_known_end_has_its_name_and_remedy(job, settings, message, kind, remedy):
    error = named_error(ended(message), job, settings)
    assert type(error) is kind
    assert error.what.startswith("topic_to_bronze: ")
    assert remedy in error.remedy


@pytest.mark.parametrize(
    "message", [message for message, _, _ in SAID.values()] + ["java.lang.RuntimeException: boom"]
)
def test_the_message_is_one_line_without_data(job, settings, message):
    said = str(named_error(ended(f"{message} {SECRET}"), job, settings))
    assert "\n" not in said
    assert "annlee" not in said


@pytest.mark.parametrize(
    "refusal",
    [
        budget_is_spent(9.99, 10.0, "2026-01"),
        service_refused("Amazon Comprehend", "AccessDeniedException"),
    ],
    ids=["budget", "service"],
)
def test_a_scorer_s_refusal_is_known_again(job, settings, refusal):
    worker = (
        f"PythonException: An exception was thrown from the Python worker:\n File x\n{SECRET}\n"
    )
    said = f"{worker}foundation.errors.{type(refusal).__name__}: {refusal} {SECRET}"
    error = named_error(ended(said), job, settings)
    assert type(error) is type(refusal)
    assert str(error) == str(refusal)
    assert error.exit_code == 1


def test_an_unknown_end_names_job_condition_and_log(job, settings):
    error = named_error(ended("java.lang.RuntimeException: boom"), job, settings)
    assert type(error) is JobFailedError
    assert error.what == "topic_to_bronze failed with StreamingQueryException"
    assert str(settings.home / "logs" / "spark.log") in error.remedy


def test_spark_s_condition_is_named_where_it_has_one(job, settings):
    error = StreamingQueryException(
        errorClass="UNSUPPORTED_OPERATION", messageParameters={"operation": SECRET}
    )
    assert (
        named_error(error, job, settings).what
        == "topic_to_bronze failed with UNSUPPORTED_OPERATION"
    )


def test_what_a_batch_said_itself_goes_before_what_spark_made_of_it(job, settings):
    job.failures.append(ConservationError("first"))
    job.failures.append(own := ConservationError("batch 3 consumed 5 records but accounts for 4"))
    assert named_error(ended("No space left on device"), job, settings) is own


def commit(settings, *values, mode="append"):
    write_deltalake(
        f"{settings.lake_uri}/{SILVER_POSTS.folder}", pa.table({"a": values}), mode=mode
    )
    return DeltaTable(f"{settings.lake_uri}/{SILVER_POSTS.folder}").file_uris()


def unreadable(file):
    return ended(
        f"[FAILED_READ_FILE.FILE_NOT_EXIST] Encountered error while reading file file:{file}."
        " SQLSTATE: KD001"
    )


def test_a_broken_file_of_the_table_as_it_is_has_the_batch_that_is_not_done(settings):
    gold = Job("silver_to_gold", (GOLD_SENTIMENT_HOURLY,), settings)
    offsets = gold.checkpoint.folder / "offsets"
    offsets.mkdir(parents=True)
    (offsets / "7").write_text("v1")
    (file,) = commit(settings, 1)
    error = named_error(unreadable(file), gold, settings)
    assert type(error) is DataFileDamagedError
    assert (
        error.what
        == f"silver_to_gold: {file} of silver.posts cannot be read, it is damaged or gone"
    )
    assert error.remedy.startswith(
        "Batch 7 is not counted as done: the next run repeats it, and no row is written twice. Put"
    )


def test_a_file_that_the_table_has_left_behind_asks_for_no_restoring_of_the_table(settings):
    gold = Job("silver_to_gold", (GOLD_SENTIMENT_HOURLY,), settings)
    (file,) = commit(settings, 1)
    commit(settings, 2, mode="overwrite")
    error = named_error(unreadable(file), gold, settings)
    assert type(error) is ChangeFeedGapError
    assert error.remedy.startswith("`echostream rebuild gold`")


@pytest.mark.parametrize("file", ["offsets/3", "commits/3", "sources/0/0"])
def test_a_damaged_file_of_the_checkpoint_is_none_of_a_table(job, settings, file):
    said = (
        "org.apache.hadoop.fs.ChecksumException: Checksum error:"
        f" file:{job.checkpoint.folder}/{file} at 0 exp: 1"
    )
    error = named_error(ended(said), job, settings)
    assert type(error) is CheckpointDamagedError
    assert (
        error.what == "the checkpoint of topic_to_bronze is damaged:"
        f" {job.checkpoint.folder}/{file} cannot be read"
    )
    assert "`echostream checkpoint reset topic_to_bronze`" in error.remedy


def test_a_log_with_a_gap_is_found_where_spark_names_no_table(settings):
    gold = Job("silver_to_gold", (GOLD_SENTIMENT_HOURLY,), settings)
    for value in range(3):
        commit(settings, value)
    (settings.home / "lake" / SILVER_POSTS.folder / "_delta_log" / f"{1:020}.json").unlink()
    error = named_error(ended(SAID["a commit missing in the middle"][0]), gold, settings)
    assert error.what.startswith("silver.posts at ")
    assert error.what.endswith("commit 1 is missing in its log")


def test_all_are_the_work_s_failure():
    assert {kind.exit_code for _, kind, _ in SAID.values()} == {1}
    assert all(issubclass(kind, LakeError | StackError) for _, kind, _ in SAID.values())
