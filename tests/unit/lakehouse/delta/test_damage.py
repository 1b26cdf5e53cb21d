"""Libraries' errors about a broken table become one line with file, table, safety and command."""

import pytest

from foundation.errors import LogDamagedError, LostCommitsError
from lakehouse.delta import damage

LAKE = "/home/me/lake"
PART = "part-00000-1f3c.c000.snappy.parquet"
LOGS = {
    "a gap": (
        "Kernel error: Generic delta kernel error: Expected contiguous commit files, but found"
        " gap: ParsedLogPath { location: FileMeta { location: Url { path:"
        ' "/l/silver/posts/_delta_log/00000000000000000003.json" } } }',
        LogDamagedError,
        "commit 4 is missing in its log",
    ),
    "its first commits": (
        "Kernel error: No table metadata or protocol found in delta log.",
        LogDamagedError,
        "its log cannot be read",
    ),
    "half a commit": (
        "Kernel error: Json error: Truncated record whilst reading colon",
        LogDamagedError,
        "its log cannot be read",
    ),
    "a checksum of a commit that is gone": (
        "Kernel error: Internal error CRC file version 2 is newer than log segment version 1. This"
        " is a kernel bug",
        LostCommitsError,
        "has lost version 2: its log ends at 1",
    ),
}
FILES = {
    "local": (
        LAKE,
        f"reading file file://{LAKE}/silver/posts/day=2026-01-02/{PART}.",
        "silver.posts",
    ),
    "with one slash": (
        LAKE,
        f"file:{LAKE}/quarantine/posts/{PART} is not a Parquet file",
        "quarantine.posts",
    ),
    "a blank in the name": (
        "/home/a b",
        f"file:///home/a%20b/gold/sentiment_hourly/{PART}",
        "gold.sentiment_hourly",
    ),
    "a blank and a percent sign, as they are": (
        "/home/a b (100%)",
        f"file /home/a b (100%)/gold/sentiment_hourly/{PART} is short",
        "gold.sentiment_hourly",
    ),
    "some letters encoded, as Java does": (
        "/home/hüme 100%",
        f"file:/home/hüme%20100%25/gold/sentiment_hourly/{PART}",
        "gold.sentiment_hourly",
    ),
    "on s3": (
        "s3://bucket/it",
        f"reading file s3a://bucket/it/bronze/posts/p=1/{PART}:",
        "bronze.posts",
    ),
    "of ops": (
        LAKE,
        f"file:{LAKE}/ops/batches/topic_to_bronze/{PART}",
        "ops.batches.topic_to_bronze",
    ),
}


@pytest.mark.parametrize(("said", "kind", "words"), LOGS.values(), ids=LOGS)
def test_a_broken_log_is_named(said, kind, words):
    error = damage.known(RuntimeError(said), "silver.posts", "/l/silver/posts")
    assert type(error) is kind
    assert (
        error.what
        == f"silver.posts at /l/silver/posts{' ' if kind is LostCommitsError else ': '}{words}"
    )
    assert "`echostream " in error.remedy


def test_what_is_no_damage_is_left_to_others():
    assert (
        damage.known(OSError("connection refused"), "silver.posts", "s3://b/silver/posts") is None
    )


@pytest.mark.parametrize(("lake", "said", "table"), FILES.values(), ids=FILES)
def test_a_broken_file_is_named_with_its_table(lake, said, table):
    error = of_file(f"[FAILED_READ_FILE.NO_HINT] Encountered error while {said}", lake)
    assert error.what.startswith(f"run: {lake}/")
    assert f"{PART} of {table} cannot" in error.what
    assert error.remedy.startswith("Batch 3 is not done. Put the file back")
    assert "`echostream " in error.remedy


def of_file(said, lake=LAKE):
    return damage.of_file(said, lake, doing="run", safe="Batch 3 is not done")


# The messages of Spark 4.0.2 and Delta 4.0 about logs that were broken by hand.
LOG_FILES = {
    "another content than its checksum says": (
        "org.apache.hadoop.fs.ChecksumException: Checksum error:"
        f" file:{LAKE}/silver/posts/_delta_log/{2:020}.json at 0"
        " exp: 615409959 got: -912004870",
        f"_delta_log/{2:020}.json cannot be read",
    ),
    "half a commit": (
        "[FAILED_READ_FILE.NO_HINT] Encountered error while reading file"
        f" file://{LAKE}/silver/posts/_delta_log/{2:020}.json.  SQLSTATE: KD001",
        f"_delta_log/{2:020}.json cannot be read",
    ),
    "its first commit gone": (
        f"[DELTA_TRUNCATED_TRANSACTION_LOG] file:{LAKE}/silver/posts/_delta_log/{0:020}.json:"
        " Unable to reconstruct"
        " state at version 2 as the transaction log has been truncated",
        "commit 0 is missing in its log",
    ),
    "Delta's own checkpoint": (
        "[FAILED_READ_FILE.NO_HINT]"
        f" file:{LAKE}/silver/posts/_delta_log/{10:020}.checkpoint.parquet.",
        f"_delta_log/{10:020}.checkpoint.parquet cannot be read",
    ),
}


@pytest.mark.parametrize(("said", "words"), LOG_FILES.values(), ids=LOG_FILES)
def test_a_file_of_the_log_is_no_data_file(said, words):
    error = of_file(said)
    assert type(error) is LogDamagedError
    assert error.what == f"silver.posts at {LAKE}/silver/posts: {words}"


def test_a_checkpoint_of_delta_s_own_is_only_to_be_moved():
    error = of_file(LOG_FILES["Delta's own checkpoint"][0])
    assert "Move this file and _last_checkpoint out of _delta_log" in error.remedy
    assert "Move this file" not in of_file(LOG_FILES["half a commit"][0]).remedy


@pytest.mark.parametrize(
    "said", ["no file is named", "file:/elsewhere/x.parquet", f"file:{LAKE}/x.parquet"]
)
def test_a_file_of_no_table_is_named_as_it_is(said):
    assert "of a table cannot be read" in of_file(said).what
