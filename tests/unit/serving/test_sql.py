"""`echostream sql` answers on small Delta tables."""

import csv
import io
import json
import threading
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from deltalake.exceptions import DeltaProtocolError

from foundation.errors import DataFileDamagedError, LogDamagedError, QueryError
from serving.catalog import lake_tables
from serving.formats import MAX_ROWS, format_of
from serving.reader import parts, pinned
from serving.sql import Answer, query, stream

POSTS = pa.table(
    {
        "post_key": ["a", "b", None],
        "posted_at": pa.array(
            [datetime(2026, 11, 1, 12, 30, tzinfo=UTC), None, None], pa.timestamp("us", "UTC")
        ),
        "compound": [0.5, None, float("nan")],
        "metrics": pa.array([[("likes", 3)], [], None], pa.map_(pa.string(), pa.int64())),
        "sentiment": [{"label": "positive"}, None, {"label": None}],
        "value": [b"text", b"\xff", None],
    }
)


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    lake = tmp_path_factory.mktemp("lake")
    write_deltalake(str(lake / "silver/posts"), POSTS)
    write_deltalake(
        str(lake / "gold/sentiment_hourly"), pa.table({"platform": ["x", "y"], "posts": [10, 20]})
    )
    write_deltalake(str(lake / "ops/batches/one"), pa.table({"query": ["one"], "consumed": [5]}))
    write_deltalake(str(lake / "ops/batches/two"), pa.table({"query": ["two"], "new": [7]}))
    (lake / "gold/not_a_table").mkdir()
    (lake / "silver/half/_delta_log").mkdir(parents=True)
    return str(lake)


def ask(lake, sql, format_name):
    chosen = format_of(format_name)
    return "".join(chosen.texts(stream(lake, sql, first=chosen.first)))


def test_tables_are_found(lake):
    assert list(lake_tables(lake)) == ["silver.posts", "gold.sentiment_hourly", "ops.batches"]
    assert lake_tables(lake + "/none") == {}


def test_show_tables(lake):
    tables = ["silver.posts", "gold.sentiment_hourly", "ops.batches"]
    views = ["gold.sentiment_hourly_public", "silver.posts_for_export", "silver.posts_for_training"]
    assert query(lake, "SHOW TABLES;").rows == [(name,) for name in (*tables, *views)]


def test_select(lake):
    assert query(
        lake, "SELECT platform, posts FROM gold.sentiment_hourly WHERE posts > 10"
    ) == Answer(["platform", "posts"], [("y", 20)])


@pytest.mark.parametrize(
    "name", ["silver.posts", "SILVER.Posts", '"silver"."posts"', 'silver."posts"', "silver . posts"]
)
def test_names_as_people_write_them(lake, name):
    assert len(query(lake, f"FROM {name}").rows) == 3


def test_a_table_twice_in_a_query(lake):
    sql = "SELECT count(*) FROM silver.posts a JOIN silver.posts b USING (post_key)"
    assert query(lake, sql).rows == [(2,)]


def test_ops_batches_unites_one_table_per_job(lake):
    answer = query(lake, "SELECT query, consumed, new FROM ops.batches ORDER BY query")
    assert answer.rows == [("one", 5, None), ("two", None, 7)]


def test_with_describe_and_from_first(lake):
    assert query(lake, "WITH p AS (FROM silver.posts) SELECT count(*) FROM p").rows == [(3,)]
    assert query(lake, "DESCRIBE silver.posts").rows[0][:2] == ("post_key", "VARCHAR")
    assert len(query(lake, "FROM gold.sentiment_hourly").rows) == 2


def test_only_named_tables_are_opened(lake, monkeypatch):
    opened = []
    monkeypatch.setattr(parts, "DeltaTable", lambda uri, **_: opened.append(uri) or DeltaTable(uri))
    query(lake, "SELECT 1 FROM gold.sentiment_hourly")
    assert opened == [f"{lake}/gold/sentiment_hourly"]


@pytest.fixture
def unknown_features(monkeypatch):
    """Write tables whose files neither DuckDB nor Arrow can read."""
    monkeypatch.setattr(pinned, "_columns", lambda _: None)

    def refuse(*_given, **_options):
        raise DeltaProtocolError

    monkeypatch.setattr(parts, "arrow_files", refuse)


@pytest.mark.usefixtures("unknown_features")
def test_a_table_that_only_deltalake_knows_is_read_whole_as_often_as_needed(lake):
    sql = (
        "SELECT count(*), max(a.posted_at) FROM silver.posts a JOIN silver.posts b USING (post_key)"
    )
    assert query(lake, sql).rows == [(2, datetime(2026, 11, 1, 12, 30, tzinfo=UTC))]


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO silver.posts VALUES (1)",
        "DELETE FROM silver.posts",
        "UPDATE silver.posts SET post_key = ''",
        "DROP TABLE silver.posts",
        "CREATE TABLE t AS SELECT 1",
        "COPY silver.posts TO '/tmp/stolen'",
        "COPY (SELECT 1) TO '/tmp/stolen'",
        "ATTACH '/tmp/other.db'",
        "SET enable_external_access = true",
        "INSTALL httpfs",
        "LOAD httpfs",
        "PRAGMA database_list",
        "CALL pragma_version()",
        "SELECT 1; DROP TABLE silver.posts",
        "SELECT 1; SELECT 2",
        "",
        "-- nothing",
    ],
)
def test_all_but_one_read_is_refused(lake, statement):
    with pytest.raises(QueryError, match="only one statement that reads"):
        query(lake, statement)


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM glob('/etc/*')",
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM delta_scan('/tmp')",
        "SELECT (SELECT count(*) FROM read_blob('/etc/passwd'))",
        "WITH a AS (FROM '/etc/passwd') FROM a",
        "FROM query('FROM read_text(''/etc/passwd'')')",
        "SELECT getenv('HOME')",
        "EXPLAIN ANALYZE COPY silver.posts TO '/tmp/stolen'",
        "EXPLAIN ANALYZE CREATE TABLE t AS SELECT * FROM read_text('/etc/passwd')",
    ],
)
def test_nothing_outside_the_lake_is_read(lake, statement):
    with pytest.raises(QueryError):
        query(lake, statement)


@pytest.mark.parametrize(
    "statement",
    [
        "FROM silver.posts, read_parquet('{file}')",
        "FROM silver.posts, parquet_scan('{file}')",
        "FROM silver.posts, parquet_metadata('{file}')",
        "FROM silver.posts, '{file}'",
        'FROM silver.posts, "{file}"',
        'FROM silver.posts, "{stem}".parquet',
        'FROM silver.posts, "{stem}"."parquet"',
        "FROM silver.posts, read_blob('{file}')",
        "FROM silver.posts, glob('{lake}/silver/posts/*')",
        "FROM silver.posts, query('FROM ''{file}''')",
        "FROM silver.posts, query_table('{file}')",
        "FROM silver.posts WHERE EXISTS (FROM read_parquet(getvariable('_silver_posts_0_files')))",
        "EXPLAIN ANALYZE FROM silver.posts, read_parquet('{file}')",
        "/* a */ EXPLAIN -- b\n ANALYZE FROM silver.posts, '{file}'",
        "DESCRIBE FROM silver.posts, '{file}'",
        "SUMMARIZE FROM silver.posts, '{file}'",
        "SUMMARIZE '{file}'",
        "WITH posts AS (FROM silver.posts) FROM posts, '{file}'",
        'SELECT (WITH "{file}" AS (SELECT 1) SELECT 1 FROM "{file}") FROM silver.posts, "{file}"',
        "DESCRIBE '{file}'",
        "UNPIVOT '{file}' ON post_key INTO NAME a VALUE b",
        "SELECT * FROM system.main.read_parquet('{file}'), silver.posts",
        "FROM silver.posts ORDER BY (SELECT max(post_key) FROM '{file}')",
    ],
)
def test_a_table_s_files_are_not_read_by_name(lake, statement):
    """Files hold rows that the table hides."""
    (file,) = DeltaTable(f"{lake}/silver/posts").file_uris()
    named = statement.format(file=file, stem=file.removesuffix(".parquet"), lake=lake)
    with pytest.raises(QueryError, match="reads the lake's tables and nothing else"):
        query(lake, named)


@pytest.mark.parametrize(
    "statement",
    [
        "EXPLAIN SELECT * FROM silver.posts",
        "explain analyze FROM silver.posts",
        "FROM range(3)",
        "SELECT unnest([1, 2])",
        'WITH "b.c" AS (FROM silver.posts) FROM "b.c"',
        "SELECT * FROM (VALUES (1)) AS t(a)",
        "FROM duckdb_settings() SELECT count(*)",
        "SELECT 1 -- FROM read_parquet('x')",
    ],
)
def test_what_names_no_file_is_answered(lake, statement):
    assert query(lake, statement).rows


@pytest.mark.parametrize(
    "statement",
    [
        "SHOW TABLES",
        "show all tables ;",
        "-- which are there?\nSHOW TABLES",
        "/* which */ SHOW /* all */ TABLES -- done",
    ],
)
def test_show_tables_as_people_write_it(lake, statement):
    assert ("silver.posts",) in query(lake, statement).rows


def test_rows_come_as_they_are_found(lake):
    endless = "SELECT range AS i, 'text ' || range AS t FROM range(1_000_000_000_000)"
    with closing(stream(lake, endless)) as answers:
        lots = [len(next(answers).rows) for _ in range(14)]
    assert lots == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1000, 1000, 1000, 1000]


@pytest.mark.parametrize("rows", [0, 1, 2, 3, 1023, 1024, 5000])
def test_all_rows_come_once(lake, rows):
    answers = list(stream(lake, f"FROM range({rows})"))
    assert all(answer.columns == ["range"] for answer in answers)
    assert [row for answer in answers for row in answer.rows] == [(n,) for n in range(rows)]


@pytest.mark.parametrize(
    "asked",
    [
        "SELECT count(*) FROM range({})",
        "SELECT sum(i) FROM (FROM range({}) t(i) WHERE i % 7 = 1)",
        "FROM range({}) t(i) WHERE i % 7 = 8",
    ],
)
def test_a_question_is_stopped_from_another_thread(lake, asked):
    timers = []

    def soon(stop):
        timers.append(threading.Timer(0.05, stop))
        timers[0].start()

    with pytest.raises(KeyboardInterrupt):
        list(stream(lake, asked.format(10**14), stoppable=soon))
    timers[0].join()


def test_python_variables_are_no_tables(lake):
    secret = pa.table({"a": [1]})
    with pytest.raises(QueryError):
        query(lake, "SELECT * FROM secret")
    del secret


@pytest.mark.parametrize("table", ["gold.nothing", "silver.other", "nothing"])
def test_an_unknown_table_lists_those_that_are(lake, table):
    with pytest.raises(
        QueryError, match=r"Tables: silver\.posts, gold\.sentiment_hourly, ops\.batches"
    ):
        query(lake, f"FROM {table}")


def test_an_empty_lake_says_how_to_fill_it(tmp_path):
    with pytest.raises(QueryError, match="echostream run"):
        query(str(tmp_path), "SELECT * FROM silver.posts")


@pytest.mark.parametrize("statement", ["SELCT 1", "SELECT nothing FROM silver.posts", "SELECT 1 +"])
def test_a_wrong_query_is_one_line(lake, statement):
    with pytest.raises(QueryError) as caught:
        query(lake, statement)
    assert "\n" not in str(caught.value)


def test_a_broken_table(tmp_path):
    log = tmp_path / "silver/posts/_delta_log"
    log.mkdir(parents=True)
    (log / "00000000000000000000.json").write_text("{broken")
    with pytest.raises(LogDamagedError, match=r"silver\.posts at .*: its log cannot be read"):
        query(str(tmp_path), "SELECT * FROM silver.posts")


def test_json(lake):
    rows = json.loads(ask(lake, "SELECT * FROM silver.posts", "json"))
    assert rows == [
        {
            "post_key": "a",
            "posted_at": "2026-11-01 12:30:00Z",
            "compound": 0.5,
            "metrics": {"likes": 3},
            "sentiment": {"label": "positive"},
            "value": "text",
        },
        {
            "post_key": "b",
            "posted_at": None,
            "compound": None,
            "metrics": {},
            "sentiment": None,
            "value": "0xff",
        },
        {
            "post_key": None,
            "posted_at": None,
            "compound": "nan",
            "metrics": None,
            "sentiment": {"label": None},
            "value": None,
        },
    ]


def test_csv(lake):
    rows = list(csv.DictReader(io.StringIO(ask(lake, "SELECT * FROM silver.posts", "csv"))))
    assert rows[0]["metrics"] == '{"likes": 3}'
    assert rows[0]["posted_at"] == "2026-11-01 12:30:00Z"
    assert [row["post_key"] for row in rows] == ["a", "b", ""]


def test_table(lake):
    lines = ask(lake, "SELECT post_key, compound FROM silver.posts", "table").splitlines()
    assert lines[0].split() == ["post_key", "compound"]
    assert lines[1].split() == ["a", "0.5"]
    assert lines[-1] == "(3 rows)"


def test_a_long_table_is_cut_and_says_so(lake):
    lines = ask(lake, "SELECT * FROM range(1000)", "table").splitlines()
    assert len(lines) == MAX_ROWS + 2
    assert "there are more" in lines[-1]
    assert len(json.loads(ask(lake, "SELECT * FROM range(1000)", "json"))) == 1000


def cut(content):
    return content[: len(content) // 2]


def turned(content):
    """Return the file with changed bytes in its pages and with its footer intact."""
    return content[:4] + bytes(byte ^ 0xFF for byte in content[4:3000]) + content[3000:]


@pytest.mark.parametrize(
    "broken", [cut, turned, lambda _: b"", lambda _: None], ids=["cut", "turned", "empty", "gone"]
)
@pytest.mark.parametrize("reader", ["DuckDB", "deltalake"])
def test_a_broken_file_is_named_with_table_and_command(tmp_path, request, broken, reader):
    lake = str(tmp_path)
    uri = str(tmp_path / "silver/posts")
    write_deltalake(uri, pa.table({"a": [f"{number} and some text" for number in range(500)]}))
    write_deltalake(uri, pa.table({"a": ["whole"]}), mode="append")
    write_deltalake(str(tmp_path / "bronze/posts"), pa.table({"b": [1]}))
    if reader == "deltalake":
        request.getfixturevalue("unknown_features")
    file = max(DeltaTable(uri).file_uris(), key=lambda each: Path(each).stat().st_size)
    content = broken(Path(file).read_bytes())
    Path(file).unlink() if content is None else Path(file).write_bytes(content)
    with pytest.raises(DataFileDamagedError) as raised:
        query(lake, "SELECT max(a), max(b) FROM silver.posts, bronze.posts")
    assert raised.value.what == f"sql: {file} of silver.posts cannot be read, it is damaged or gone"
    assert raised.value.remedy.startswith("A query changes nothing. Put the file back from a copy")
    assert "`echostream rebuild silver`" in raised.value.remedy


def test_a_wrong_query_about_parquet_blames_no_file(lake):
    with pytest.raises(QueryError):
        query(lake, "SELECT CAST('parquet' AS INTEGER) FROM silver.posts")
