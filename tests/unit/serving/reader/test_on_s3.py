"""On S3, Gold is in memory by version, and other tables are read by Arrow or deltalake."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from foundation.sections import S3Settings
from lakehouse.storage.s3 import storage_options
from serving.reader import parts
from serving.reader.reader import Reader
from serving.sql import query
from tests.support.aws import REGION, Aws, running
from tests.support.hidden_rows import File, write_table

LAKE = "s3://lake/tests"


@pytest.fixture(scope="module")
def aws() -> Iterator[Aws]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "id")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        patch.delenv("AWS_PROFILE", raising=False)
        with running() as server:
            server.client("s3").create_bucket(
                Bucket="lake", CreateBucketConfiguration={"LocationConstraint": REGION}
            )
            yield server


@pytest.fixture
def s3(aws) -> S3Settings:
    return S3Settings(endpoint=aws.endpoint, region=REGION, attempts=2, timeout_s=5)


@pytest.fixture
def reader(s3) -> Iterator[Reader]:
    reader = Reader(LAKE, s3=s3)
    yield reader
    reader.close()


def upload(aws, folder: Path) -> None:
    for file in folder.rglob("*"):
        if file.is_file():
            key = f"tests/{file.relative_to(folder)}"
            aws.client("s3").put_object(Bucket="lake", Key=key, Body=file.read_bytes())


def numbers(reader, name):
    def work(lake):
        read = lake.relation(name)
        return [number for (number,) in lake.rows("SELECT n FROM it ORDER BY n", None, it=read)]

    return reader.answer(work)


def test_gold_is_loaded_once_a_version(reader, s3, monkeypatch):
    loaded = []
    real = parts._arrow_source
    monkeypatch.setattr(parts, "_arrow_source", lambda *given: loaded.append(1) or real(*given))
    uri = f"{LAKE}/gold/sentiment_hourly"
    options = storage_options(uri, s3)
    write_deltalake(uri, pa.table({"n": [1]}), storage_options=options)
    for _ in range(3):
        assert numbers(reader, "gold.sentiment_hourly") == [1]
    write_deltalake(uri, pa.table({"n": [2]}), mode="append", storage_options=options)
    for _ in range(3):
        assert numbers(reader, "gold.sentiment_hourly") == [1, 2]
    assert len(loaded) == 2


@pytest.mark.parametrize("told", ["inline", "file"])
def test_hidden_rows_are_gone_there_too(aws, reader, s3, tmp_path, told):
    name = f"posts_{told}"
    rows = pa.table({"n": pa.array(range(10), pa.int64())})
    files = [
        File(rows, {"day": "2026-11-01"}, hides=[0, 9], told=told),
        File(rows, {"day": "2026-11-02"}),
    ]
    write_table(tmp_path / "silver" / name, {"n": "long", "day": "date"}, files)
    upload(aws, tmp_path)
    assert numbers(reader, f"silver.{name}") == sorted([*range(1, 9), *range(10)])
    asked = f"FROM silver.{name} SELECT count(*) WHERE day = DATE '2026-11-01'"
    assert query(LAKE, asked, s3=s3).rows == [(8,)]
