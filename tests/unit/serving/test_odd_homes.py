"""Tables are read wherever the home is, also if deletion vectors hide rows of them."""

from dataclasses import replace
from pathlib import Path

import pytest
from deltalake import write_deltalake
from sqlalchemy import text

from foundation.errors import DataFileDamagedError
from foundation.settings import Settings
from lakehouse.delta.log import TableLog
from schemas.tables import GOLD_SENTIMENT_HOURLY
from serving.reader.reader import Reader
from serving.sql import query
from tenancy.database import Database
from tests.support.hidden_rows import File, write_table
from tests.support.odd_folders import ODD
from tests.unit.serving.reader.test_reader import counted, numbers

GOLD = replace(GOLD_SENTIMENT_HOURLY, name="gold.hourly")


@pytest.fixture(params=ODD.values(), ids=ODD)
def settings(tmp_path, request):
    return Settings(home=tmp_path / request.param)


@pytest.fixture
def table(settings):
    folder = Path(settings.lake_uri, "silver", "posts")
    write_table(
        folder,
        {"p": "string", "n": "long"},
        [
            File(counted(1, 2, 3), {"p": "a b%20"}, hides=[0]),
            File(counted(4, 5), {"p": "é"}, hides=[1], told="file"),
        ],
    )
    return folder


def test_sql_and_the_api_read_what_is_not_hidden(settings, table):
    sql = "SELECT p, n FROM silver.posts ORDER BY n"
    assert query(settings.lake_uri, sql).rows == [("a b%20", 2), ("a b%20", 3), ("é", 4)]
    reader = Reader(settings.lake_uri)
    try:
        assert numbers(reader) == [2, 3, 4]
    finally:
        reader.close()


def test_deltalake_writes_into_the_home(settings):
    for number in (1, 2):
        write_deltalake(f"{settings.lake_uri}/gold/hourly", counted(number), mode="append")
    assert TableLog(GOLD, settings).version() == 1
    assert query(settings.lake_uri, "SELECT sum(n) FROM gold.hourly").rows == [(3,)]
    assert [path.name for path in settings.home.iterdir()] == ["lake"]
    assert [path.name for path in settings.home.parent.iterdir()] == [settings.home.name]


def test_a_damaged_file_is_named_with_its_table(settings, table):
    (*_, file) = sorted(table.rglob("*.parquet"))
    file.write_bytes(b"no parquet")
    with pytest.raises(DataFileDamagedError, match=r"of silver\.posts cannot be read") as caught:
        query(settings.lake_uri, "SELECT n FROM silver.posts")
    assert caught.value.what.startswith(f"sql: {file} of ")


def test_the_control_plane_s_database_is_in_the_home(settings):
    database = Database(settings.control_database)
    with database.reading() as session:
        assert session.scalar(text("SELECT 1")) == 1
    database.close()
    assert [path.name for path in settings.home.iterdir()] == ["control"]
    assert [path.name for path in settings.home.parent.iterdir()] == [settings.home.name]
