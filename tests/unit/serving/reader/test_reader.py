"""The reader reads tables made by hand: hidden rows, partitions, older files, other versions."""

import threading
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable, write_deltalake

from foundation.errors import (
    DataFileDamagedError,
    LogDamagedError,
    QueryError,
    QueryTimeoutError,
)
from serving.reader import parts
from serving.reader.reader import Reader
from tests.support.hidden_rows import File, add, commit, remove, write_table

NAME = "silver.posts"
AT = datetime(2026, 3, 29, 1, 30, 0, 123456, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path) -> Path:
    return tmp_path / "lake" / "silver" / "posts"


@pytest.fixture
def reader(tmp_path):
    reader = Reader(str(tmp_path / "lake"))
    yield reader
    reader.close()


def rows(reader, sql="SELECT * FROM it", keep=None, **values):
    def work(lake):
        return lake.rows(sql, values, it=lake.relation(NAME, keep))

    return reader.answer(work)


def numbers(reader):
    return [number for (number,) in rows(reader, "SELECT n FROM it ORDER BY n")]


def counted(*some):
    return pa.table({"n": pa.array(some, pa.int64())})


HIDDEN = [
    pytest.param(10, [0], id="the first"),
    pytest.param(10, [9], id="the last"),
    pytest.param(10, range(10), id="all"),
    pytest.param(100, [7, 8, 9, 63, 64, 65], id="across bytes"),
    pytest.param(200_000, [0, 65_535, 65_536, 199_999], id="several containers"),
    pytest.param(200_000, range(1, 200_000, 2), id="containers that are bitmaps"),
]


@pytest.mark.parametrize("told", ["inline", "file"])
@pytest.mark.parametrize(("count", "hides"), HIDDEN)
def test_hidden_rows_are_gone(folder, reader, told, count, hides):
    hidden = File(counted(*range(count)), hides=hides, told=told)
    write_table(folder, {"n": "long"}, [File(counted(-1, -2)), hidden, File(counted(-3))])
    assert numbers(reader) == [-3, -2, -1, *sorted(set(range(count)) - set(hides))]


def test_a_row_is_hidden_in_its_own_file_also_when_others_are_left_out(folder, reader):
    files = [
        File(counted(*range(start, start + 10)), {"day": f"2026-11-0{day}"}, hides=[day])
        for day, start in ((1, 100), (2, 200), (3, 300))
    ]
    write_table(folder, {"n": "long", "day": "date"}, files)
    asked = "SELECT n FROM it WHERE day = DATE '2026-11-02' ORDER BY n"
    expected = [(number,) for number in range(200, 210) if number != 202]
    assert rows(reader, asked) == expected
    kept = rows(reader, "SELECT n FROM it", lambda file: file.partition["day"].day == 2)
    assert sorted(kept) == expected


def test_a_post_that_is_deleted_is_gone_with_the_next_question(folder, reader):
    first = add(folder, File(counted(1, 2, 3)))
    write_table(folder, {"n": "long"}, [])
    commit(folder, 1, [first])
    assert numbers(reader) == [1, 2, 3]
    second = add(folder, File(counted(1, 2, 3), hides=[1]), path=first["add"]["path"])
    commit(folder, 2, [remove(first), second])
    assert numbers(reader) == [1, 3]
    third = add(folder, File(counted(1, 2, 3), hides=[0, 1]), path=first["add"]["path"])
    commit(folder, 3, [remove(second), third])
    assert numbers(reader) == [3]


@pytest.mark.parametrize(
    ("value", "kind", "expected"),
    [
        ("a b", "string", "a b"),
        ("ü/=%:'\"#?*[]{}^\\", "string", "ü/=%:'\"#?*[]{}^\\"),
        ("100%25", "string", "100%25"),
        (None, "string", None),
        ("2026-11-30", "date", date(2026, 11, 30)),
        (None, "date", None),
        ("-7", "integer", -7),
        ("true", "boolean", True),
    ],
)
def test_partitions_are_as_the_log_says_them(folder, reader, value, kind, expected):
    write_table(
        folder,
        {"p": kind, "n": "long"},
        [File(counted(1), {"p": value}, hides=[]), File(counted(1, 2), {"p": value}, hides=[0])],
    )
    assert sorted(rows(reader), key=str) == [(expected, 1), (expected, 2)]
    assert rows(reader, "SELECT count(*) FROM it WHERE p IS NOT DISTINCT FROM $p", p=expected) == [
        (2,)
    ]


def test_an_older_file_has_nulls_where_the_schema_has_more(folder, reader):
    person = {
        "type": "struct",
        "fields": [
            {"name": name, "type": kind, "nullable": True, "metadata": {}}
            for name, kind in (("label", "string"), ("reason", "string"), ("compound", "double"))
        ],
    }
    old = pa.table({"sentiment": [{"compound": 0.5, "label": "a"}], "n": pa.array([1], pa.int64())})
    new = pa.table(
        {
            "n": pa.array([2], pa.int64()),
            "lang": ["en"],
            "sentiment": [{"label": "b", "reason": "c", "compound": 1.0}],
        }
    )
    columns = {"lang": "string", "n": "long", "sentiment": person, "added": person}
    for order in ([old, new], [new, old]):
        write_table(folder, columns, [File(table) for table in order])
        reader.forget()
        assert rows(reader, "SELECT * FROM it ORDER BY n") == [
            (None, 1, {"label": "a", "reason": None, "compound": 0.5}, None),
            ("en", 2, {"label": "b", "reason": "c", "compound": 1.0}, None),
        ]
        fields = (
            "SELECT sentiment.label, sentiment.reason, sentiment.compound, added.label FROM it"
            " WHERE sentiment.label IS NOT NULL AND added.label IS NULL ORDER BY n"
        )
        assert rows(reader, fields) == [("a", None, 0.5, None), ("b", "c", 1.0, None)]


@pytest.mark.parametrize("int96", [False, True], ids=["as deltalake writes", "as Spark writes"])
def test_values_are_as_the_schema_says(tmp_path, folder, reader, int96):
    table = pa.table(
        {
            "at": pa.array([AT, None], pa.timestamp("us", "UTC")),
            "metrics": pa.array([[("likes", 3)], None], pa.map_(pa.string(), pa.int64())),
            "tags": pa.array([["a", None], []], pa.list_(pa.string())),
            "raw": pa.array([b"\xff\x00", None], pa.binary()),
            "price": pa.array([Decimal("1.50"), None], pa.decimal128(9, 2)),
            "day": pa.array([date(2026, 3, 29), None], pa.date32()),
            "share": pa.array([0.25, None], pa.float64()),
            "small": pa.array([7, None], pa.int32()),
            "is": pa.array([True, None], pa.bool_()),
        }
    )
    write_deltalake(str(folder), table)
    if int96:
        (file,) = DeltaTable(str(folder)).file_uris()
        pq.write_table(table, file, use_deprecated_int96_timestamps=True)
    first, second = rows(reader)
    assert first == (
        AT,
        {"likes": 3},
        ["a", None],
        b"\xff\x00",
        Decimal("1.50"),
        date(2026, 3, 29),
        0.25,
        7,
        True,
    )
    assert second == (None, None, [], *[None] * 6)
    assert rows(reader, 'SELECT count(*) FROM it WHERE "at" = $at', at=AT) == [(1,)]
    named = rows(reader, "SELECT column_name FROM (DESCRIBE FROM it)")
    assert [name for (name,) in named] == table.column_names


def test_an_older_file_s_lists_of_structs_are_read_by_name(folder, reader):
    fields = [
        {"name": name, "type": "string", "nullable": True, "metadata": {}}
        for name in ("text", "kind", "more")
    ]
    kind = {
        "type": "array",
        "elementType": {"type": "struct", "fields": fields},
        "containsNull": True,
    }
    table = pa.table({"entities": [[{"kind": "k", "text": "t"}], None]})
    write_table(folder, {"entities": kind}, [File(table)])
    assert rows(reader) == [([{"text": "t", "kind": "k", "more": None}],), (None,)]
    asked = "SELECT e.text, e.more, e.kind FROM (SELECT unnest(entities) AS e FROM it)"
    assert rows(reader, asked) == [("t", None, "k")]
    first = "SELECT entities[1].kind, entities[1].more FROM it WHERE entities[1].text = 't'"
    assert rows(reader, first) == [("k", None)]


def test_an_empty_table_has_its_columns(folder, reader):
    write_table(folder, {"n": "long", "at": "timestamp"}, [])
    assert rows(reader) == []
    assert rows(reader, 'SELECT count(n), max("at") FROM it') == [(0, None)]


def test_a_folder_may_have_any_name(tmp_path):
    lake = tmp_path / "a [b]*?{c} 'd' ü"
    write_table(lake / "silver" / "posts", {"n": "long"}, [File(counted(1, 2), hides=[0])])
    reader = Reader(str(lake))
    assert rows(reader) == [(2,)]
    reader.close()


def test_parts_are_read_as_their_union(tmp_path, reader):
    for job, table in (("a", {"x": [1]}), ("b", {"y": [2], "x": [3]})):
        write_deltalake(str(tmp_path / "lake/ops/batches" / job), pa.table(table))

    def work(lake):
        read = lake.relation("ops.batches")
        return lake.rows("SELECT x, y FROM it ORDER BY x", None, it=read), lake.versions(
            "ops.batches"
        )

    assert reader.answer(work) == (
        [(1, None), (3, 2)],
        {"ops/batches/a": 0, "ops/batches/b": 0},
    )


def test_a_version_is_built_once(folder, reader, monkeypatch):
    built = []
    real = parts.pin
    monkeypatch.setattr(parts, "pin", lambda *given: built.append(1) or real(*given))
    write_deltalake(str(folder), counted(1))
    for _ in range(3):
        assert numbers(reader) == [1]
    write_deltalake(str(folder), counted(2), mode="append")
    for _ in range(3):
        assert numbers(reader) == [1, 2]
    assert len(built) == 2


def test_a_snapshot_stays_where_it_is(folder, reader):
    write_deltalake(str(folder), counted(1))

    def work(lake):
        before = lake.versions(NAME)
        write_deltalake(str(folder), counted(2), mode="append")
        read = lake.relation(NAME)
        return before, lake.versions(NAME), lake.rows("SELECT n FROM it", None, it=read)

    before, after, found = reader.answer(work)
    assert before == after
    assert found == [(1,)]
    assert numbers(reader) == [1, 2]


def test_a_file_that_vacuum_took_means_the_newest_version_once(folder, reader):
    write_deltalake(str(folder), counted(1))
    looks = []

    def work(lake):
        read = lake.relation(NAME)
        looks.append(lake.versions(NAME))
        if len(looks) == 1:
            write_deltalake(str(folder), counted(2), mode="overwrite")
            DeltaTable(str(folder)).vacuum(
                retention_hours=0, dry_run=False, enforce_retention_duration=False
            )
        return lake.rows("SELECT n FROM it", None, it=read)

    assert reader.answer(work) == [(2,)]
    assert looks[0] == {"silver/posts": 0}
    assert len(looks) == 2


def test_a_table_that_was_put_in_another_s_place_is_read(folder, reader, tmp_path):
    for number in range(3):
        write_deltalake(str(folder), counted(number), mode="append")
    assert numbers(reader) == [0, 1, 2]
    folder.rename(tmp_path / "old")
    write_deltalake(str(folder), counted(7))
    assert numbers(reader) == [7]


def test_a_file_that_is_gone_is_named(folder, reader):
    write_deltalake(str(folder), counted(1))
    (file,) = DeltaTable(str(folder)).file_uris()
    Path(file).unlink()
    with pytest.raises(DataFileDamagedError, match=r"query: .*parquet of silver\.posts cannot be"):
        numbers(reader)


class Ruined:
    """A cursor of a database that mistook a bad file for an error of its own."""

    def execute(self, *_given):
        raise duckdb.InternalException("INTERNAL Error: Information loss; canary")

    def close(self):
        pass


def test_a_file_that_ruins_duckdb_s_database_does_no_harm_to_other_questions(
    folder, reader, monkeypatch
):
    write_deltalake(str(folder), counted(1))
    ruined = reader._engine
    monkeypatch.setattr(reader, "_engine", SimpleNamespace(cursor=Ruined))
    assert numbers(reader) == [1]
    assert reader._engine is not ruined


def test_an_error_of_duckdb_s_is_not_quoted_for_it_may_hold_a_text(folder, reader):
    write_deltalake(str(folder), pa.table({"n": ["canary"]}))
    with pytest.raises(QueryError) as raised:
        rows(reader, "SELECT CAST(n AS INTEGER) FROM it")
    assert "canary" not in str(raised.value)


def test_a_vector_that_cannot_be_read_shows_no_row(folder, reader):
    write_table(folder, {"n": "long"}, [File(counted(1, 2), hides=[0], told="file")])
    (vector,) = folder.glob("deletion_vector_*.bin")
    vector.unlink()
    with pytest.raises((LogDamagedError, DataFileDamagedError, QueryError)):
        numbers(reader)


def test_a_statement_that_takes_too_long_is_stopped(tmp_path):
    reader = Reader(str(tmp_path), timeout_s=0.05)
    forever = "SELECT sum(a.range * b.range) FROM range(10000000) a, range(10000000) b"
    with pytest.raises(QueryTimeoutError):
        reader.answer(lambda lake: lake.rows(forever))
    assert reader.answer(lambda lake: lake.rows("SELECT 1")) == [(1,)]
    reader.close()


def test_memory_has_a_limit(tmp_path):
    reader = Reader(str(tmp_path), memory_mb=16)
    much = "SELECT count(*) FROM (SELECT DISTINCT range || 'x' FROM range(5000000))"
    with pytest.raises(QueryError, match="more memory"):
        reader.answer(lambda lake: lake.rows(much))
    reader.close()


def test_nothing_outside_the_lake_is_read_and_no_setting_changed(tmp_path, reader):
    (tmp_path / "secret.csv").write_text("a\n1\n")
    values = {"file": str(tmp_path / "secret.csv")}
    for sql in (
        "SELECT * FROM read_csv($file)",
        "SELECT * FROM read_text('/etc/passwd')",
        "SET enable_external_access = true",
        "SET allowed_directories = ['/']",
    ):
        with pytest.raises(QueryError):
            reader.answer(lambda lake, sql=sql: lake.rows(sql, values if "$" in sql else {}))


def test_many_threads_ask_while_the_table_grows(folder, reader):
    write_deltalake(str(folder), counted(0))
    seen = []
    failed = []

    def ask():
        try:
            for _ in range(10):
                found = numbers(reader)
                seen.append(found == list(range(len(found))))
        except Exception as error:  # an error in a thread must fail the test
            failed.append(error)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in range(1, 6):
        write_deltalake(str(folder), counted(number), mode="append")
    for thread in threads:
        thread.join()
    assert failed == []
    assert all(seen)
    assert len(seen) == 40
    assert numbers(reader) == [0, 1, 2, 3, 4, 5]


def test_what_is_not_there_has_no_rows(reader):
    assert reader.answer(lambda lake: lake.relation("gold.none")) is None
    assert reader.answer(lambda lake: lake.versions("gold.none")) == {}


def test_a_table_that_comes_later_is_found(folder, tmp_path):
    now = [0.0]
    reader = Reader(str(tmp_path / "lake"), monotonic=lambda: now[0])
    assert reader.answer(lambda lake: lake.versions(NAME)) == {}
    write_deltalake(str(folder), counted(1))
    now[0] = 5.0
    assert reader.answer(lambda lake: lake.versions(NAME)) == {"silver/posts": 0}
    reader.close()


def test_a_statistic_s_time_may_lack_what_is_below_a_millisecond(folder, reader):
    """Delta truncates times to milliseconds, so a row may be later than the greatest time."""
    stats = {"maxValues": {"at": "2026-03-29T01:30:00.123Z"}, "minValues": {}, "nullCount": {}}
    table = pa.table({"at": pa.array([AT], pa.timestamp("us", "UTC"))})
    write_table(folder, {"at": "timestamp"}, [File(table, stats=stats)])
    assert rows(reader, keep=lambda file: file.may_have("at", AT, None)) == [(AT,)]
