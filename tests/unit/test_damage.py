"""What libraries say of a broken table → file and table, what is safe, the command."""

import pytest

from foundation.errors import LogDamagedError, LostCommitsError
from lakehouse import damage

LAKE = "/home/me/lake"
PART = "part-00000-1f3c.c000.snappy.parquet"
LOGS = {
    "a gap": (
        "Kernel error: Generic delta kernel error: Expected contiguous commit files, but found gap: ParsedLogPath {"
        ' location: FileMeta { location: Url { path: "/l/silver/posts/_delta_log/00000000000000000003.json" } } }',
        LogDamagedError, "commit 4 is missing in its log",
    ),
    "its first commits": (
        "Kernel error: No table metadata or protocol found in delta log.", LogDamagedError, "its log cannot be read",
    ),
    "a checksum of a commit that is gone": (
        "Kernel error: Internal error CRC file version 2 is newer than log segment version 1. This is a kernel bug",
        LostCommitsError, "has lost version 2: its log ends at 1",
    ),
}  # fmt: skip
FILES = {
    "local": (LAKE, f"reading file file://{LAKE}/silver/posts/day=2026-01-02/{PART}.", "silver.posts"),
    "with one slash": (LAKE, f"file:{LAKE}/quarantine/posts/{PART} is not a Parquet file", "quarantine.posts"),
    "a blank in the name": ("/home/a b", f"file:///home/a%20b/gold/sentiment_hourly/{PART}", "gold.sentiment_hourly"),
    "on s3": ("s3://bucket/it", f"reading file s3a://bucket/it/bronze/posts/p=1/{PART}:", "bronze.posts"),
    "of ops": (LAKE, f"file:{LAKE}/ops/batches/topic_to_bronze/{PART}", "ops.batches.topic_to_bronze"),
}


@pytest.mark.parametrize(("said", "kind", "words"), LOGS.values(), ids=LOGS)
def test_a_broken_log_is_named(said, kind, words):
    error = damage.known(RuntimeError(said), "silver.posts", "/l/silver/posts")
    assert type(error) is kind
    assert error.what == f"silver.posts at /l/silver/posts{' ' if kind is LostCommitsError else ': '}{words}"
    assert "`echostream " in error.remedy


def test_what_is_no_damage_is_left_to_others():
    assert damage.known(OSError("connection refused"), "silver.posts", "s3://b/silver/posts") is None


@pytest.mark.parametrize(("lake", "said", "table"), FILES.values(), ids=FILES)
def test_a_broken_file_is_named_with_its_table(lake, said, table):
    error = damage.of_file(f"[FAILED_READ_FILE.NO_HINT] Encountered error while {said}", lake, doing="run")
    assert PART in error.what
    assert f" of {table} " in error.what
    assert "`echostream " in error.remedy


def test_a_checksum_that_is_not_the_log_s_names_the_log():
    said = f"org.apache.hadoop.fs.ChecksumException: Checksum error: file:{LAKE}/silver/posts/_delta_log/{2:020}.json"
    error = damage.of_file(said, LAKE, doing="run")
    assert type(error) is LogDamagedError
    assert error.what == f"silver.posts at {LAKE}/silver/posts: its log cannot be read"


@pytest.mark.parametrize("said", ["no file is named", "file:/elsewhere/x.parquet", f"file:{LAKE}/x.parquet"])
def test_a_file_of_no_table_is_named_as_it_is(said):
    assert "of a table cannot be read" in damage.of_file(said, LAKE, doing="run").what
