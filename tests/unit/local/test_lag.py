"""The lag of jobs follows from checkpoints as Spark writes them."""

import json

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from foundation.settings import Settings
from local import lag
from local.lag import Lag, committed_offset, table_lags, topic_lags

METADATA = json.dumps({"batchWatermarkMs": 0, "batchTimestampMs": 1, "conf": {}})


@pytest.fixture
def settings(tmp_path):
    return Settings(home=tmp_path)


def write_batch(
    settings: Settings, job: str, batch: int, offset: object, *, committed: bool = True
) -> None:
    folder = settings.home / "checkpoints" / job / "v1"
    for name in ("offsets", "commits"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / "offsets" / str(batch)).write_text(f"v1\n{METADATA}\n{json.dumps(offset)}")
    (folder / "offsets" / f".{batch}.crc").write_bytes(b"")
    if committed:
        (folder / "commits" / str(batch)).write_text('v1\n{"nextBatchWatermarkMs":0}')


def delta_offset(version: int, index: int) -> dict[str, object]:
    return {"sourceVersion": 1, "reservoirId": "r", "reservoirVersion": version, "index": index}


def test_the_last_committed_batch_counts(settings):
    for batch, end in ((9, 10), (10, 20)):
        write_batch(settings, "topic_to_bronze", batch, {"t": {"0": end}})
    write_batch(settings, "topic_to_bronze", 11, {"t": {"0": 30}}, committed=False)
    assert committed_offset("topic_to_bronze", settings) == {"t": {"0": 20}}


def test_no_checkpoint(settings):
    assert committed_offset("topic_to_bronze", settings) is None
    assert [(each.done, each.end, each.behind) for each in table_lags(settings)] == [
        (-1, -1, 0)
    ] * 2


def test_topics(settings, monkeypatch):
    write_batch(settings, "topic_to_bronze", 0, {"a": {"0": 5, "1": 7}, "gone": {"0": 3}})
    monkeypatch.setattr(lag, "end_offsets", lambda _: {"a": {0: 10, 1: 7}, "b": {0: 4}})
    assert topic_lags(settings) == [Lag("a", 12, 17, "records"), Lag("b", 0, 4, "records")]
    assert [each.behind for each in topic_lags(settings)] == [5, 4]


@pytest.mark.parametrize(
    ("version", "index", "behind"),
    [
        pytest.param(3, -1, 1, id="before the last version"),
        pytest.param(2, 0, 1, id="has read the one before it"),
        pytest.param(3, 1, 0, id="has read it"),
        pytest.param(4, -100, 0, id="waits for the next"),
        pytest.param(0, -1, 4, id="before the first"),
    ],
)
def test_tables(settings, version, index, behind):
    for number in range(4):
        write_deltalake(
            f"{settings.lake_uri}/bronze/posts", pa.table({"n": [number]}), mode="append"
        )
    write_batch(settings, "bronze_to_silver", 0, delta_offset(version, index))
    found = table_lags(settings)[0]
    assert (found.what, found.end, found.behind) == ("bronze_to_silver", 3, behind)
