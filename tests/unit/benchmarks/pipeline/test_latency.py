"""A version of Gold counts from the time of its file in the log."""

import json
import os
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
from deltalake import CommitProperties, write_deltalake

from benchmarks.pipeline import latency
from foundation.settings import Settings
from lakehouse.delta.log import TableLog
from schemas.tables import GOLD_SENTIMENT_HOURLY


def commit(lake: Any, **said: int) -> None:
    metadata = {"userMetadata": json.dumps(said)} if said else None
    rows = pa.table({"posts": [1]})
    where = TableLog(GOLD_SENTIMENT_HOURLY, lake.settings).path
    write_deltalake(
        where, rows, mode="append", commit_properties=CommitProperties(custom_metadata=metadata)
    )


def test_a_commit_of_gold_is_there_when_its_file_is_and_others_do_not_count(tmp_path):
    lake: Any = SimpleNamespace(settings=Settings(home=tmp_path), bench=SimpleNamespace(s3=None))
    commit(lake, silver_version=4)
    commit(lake)
    commit(lake, silver_version=9)
    log = tmp_path / "lake" / GOLD_SENTIMENT_HOURLY.folder / "_delta_log"
    for version in range(3):
        os.utime(log / f"{version:020}.json", (1_000 + version, 1_000 + version))
    assert latency.gold_commits(lake) == [(4, 1_000 * 10**6), (9, 1_002 * 10**6)]
