"""PIVOT and comments in queries are answered, and allow no writing and no reading of files."""

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from foundation.errors import QueryError
from serving.sql import Answer, query

CELLS = pa.table({"platform": ["x", "y"], "posts": [10, 20]})


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    lake = tmp_path_factory.mktemp("lake")
    write_deltalake(str(lake / "silver/posts"), pa.table({"post_key": ["a", "b", "c"]}))
    write_deltalake(str(lake / "gold/sentiment_hourly"), CELLS)
    return str(lake)


@pytest.mark.parametrize(
    ("statement", "columns", "rows"),
    [
        pytest.param(sql, columns, rows, id=sql)
        for sql, columns, rows in [
            ("PIVOT gold.sentiment_hourly ON platform USING sum(posts)", "x y", [(10, 20)]),
            ("pivot gold.sentiment_hourly on platform using sum(posts);", "x y", [(10, 20)]),
            (
                "-- a\n/* b */ PIVOT gold.sentiment_hourly ON platform -- c\nUSING sum(posts) -- d",
                "x y",
                [(10, 20)],
            ),
            ("PIVOT gold.sentiment_hourly ON platform", "posts x y", [(10, 1, 0), (20, 0, 1)]),
            ("PIVOT gold.sentiment_hourly ON platform IN ('y') USING sum(posts)", "y", [(20,)]),
            ("PIVOT gold.sentiment_hourly ON upper(platform) USING sum(posts)", "X Y", [(10, 20)]),
            (
                "PIVOT gold.sentiment_hourly ON platform || '!' USING sum(posts)",
                "x! y!",
                [(10, 20)],
            ),
            (
                "PIVOT gold.sentiment_hourly ON platform USING sum(posts) GROUP BY posts"
                " ORDER BY posts DESC LIMIT 1",
                "posts x y",
                [(20, None, 20)],
            ),
            (
                "PIVOT gold.sentiment_hourly ON platform, posts USING count(*)",
                "x_10 x_20 y_10 y_20",
                [(1, 0, 0, 1)],
            ),
            (
                "PIVOT gold.sentiment_hourly ON platform, posts IN (10) USING count(*)",
                "x_10 y_10",
                [(1, 0)],
            ),
            (
                "PIVOT (FROM gold.sentiment_hourly WHERE posts > 10) ON platform USING sum(posts)",
                "y",
                [(20,)],
            ),
            (
                "WITH p AS (FROM gold.sentiment_hourly) PIVOT p ON platform USING sum(posts)",
                "x y",
                [(10, 20)],
            ),
            (
                "WITH p AS (PIVOT gold.sentiment_hourly ON platform USING sum(posts))"
                " SELECT y - x AS more FROM p",
                "more",
                [(10,)],
            ),
            (
                "SELECT * FROM (PIVOT gold.sentiment_hourly ON platform USING sum(posts))",
                "x y",
                [(10, 20)],
            ),
            (
                "FROM (PIVOT gold.sentiment_hourly ON platform USING sum(posts)) a"
                " JOIN (PIVOT gold.sentiment_hourly ON platform USING max(posts)) b ON a.x = b.x",
                "x y x y",
                [(10, 20, 10, 20)],
            ),
            (
                "FROM gold.sentiment_hourly PIVOT (sum(posts) FOR platform IN ('x', 'y'))",
                "x y",
                [(10, 20)],
            ),
            ("PIVOT_WIDER gold.sentiment_hourly ON platform USING sum(posts)", "x y", [(10, 20)]),
            (
                "UNPIVOT (SELECT 1 AS a, 2 AS b) ON a, b INTO NAME name VALUE value",
                "name value",
                [("a", 1), ("b", 2)],
            ),
            (
                "UNPIVOT gold.sentiment_hourly ON posts",
                "platform name value",
                [("x", "posts", 10), ("y", "posts", 20)],
            ),
            (
                "UNPIVOT (PIVOT gold.sentiment_hourly ON platform USING sum(posts)) ON COLUMNS(*)",
                "name value",
                [("x", 10), ("y", 20)],
            ),
        ]
    ],
)
def test_pivot_is_answered(lake, statement, columns, rows):
    assert query(lake, statement) == Answer(columns.split(), rows)


@pytest.mark.parametrize(
    "statement",
    [
        "PIVOT gold.sentiment_hourly ON platform; DROP TABLE silver.posts",
        "CREATE TYPE t AS ENUM ('a'); PIVOT gold.sentiment_hourly ON platform",
        "CREATE TYPE t AS ENUM ('a'); SELECT 1",
        "CREATE TYPE t AS ENUM (SELECT post_key FROM silver.posts)",
        "CREATE TABLE t AS PIVOT gold.sentiment_hourly ON platform",
        "CREATE TABLE t AS PIVOT gold.sentiment_hourly ON platform IN ('x')",
        "CREATE VIEW v AS PIVOT gold.sentiment_hourly ON platform",
        "COPY (PIVOT gold.sentiment_hourly ON platform) TO '/tmp/stolen'",
        "INSERT INTO silver.posts PIVOT gold.sentiment_hourly ON platform",
        "SET VARIABLE a = (PIVOT gold.sentiment_hourly ON platform)",
        "PREPARE p AS PIVOT gold.sentiment_hourly ON platform",
        "PIVOT gold.sentiment_hourly ON platform USING sum(posts); SELECT 1",
        "EXPLAIN ANALYZE COPY (PIVOT gold.sentiment_hourly ON platform) TO '/tmp/stolen'",
        "PIVOT (INSERT INTO silver.posts VALUES (1)) ON platform",
        "PIVOT (COPY silver.posts TO '/tmp/stolen') ON platform",
        "PIVOT (ATTACH '/tmp/other.db') ON platform",
        "WITH p AS (DELETE FROM silver.posts RETURNING *) PIVOT p ON platform",
    ],
)
def test_pivot_does_not_write(lake, statement):
    with pytest.raises(QueryError):
        query(lake, statement)


@pytest.mark.parametrize(
    "statement",
    [
        "PIVOT '{file}' ON post_key",
        'PIVOT "{file}" ON post_key',
        "PIVOT read_parquet('{file}') ON post_key USING count(*)",
        "PIVOT parquet_metadata('{file}') ON path_in_schema",
        "PIVOT (FROM '{file}') ON post_key",
        "PIVOT (SELECT * FROM silver.posts, '{file}') ON post_key",
        "PIVOT silver.posts ON post_key USING max((SELECT max(post_key) FROM '{file}'))",
        "PIVOT silver.posts ON (SELECT max(post_key) FROM '{file}')",
        "PIVOT silver.posts ON post_key IN (SELECT post_key FROM '{file}')",
        "WITH p AS (FROM '{file}') PIVOT p ON post_key",
        "SELECT * FROM (PIVOT silver.posts ON post_key), '{file}'",
        "SELECT * FROM '{file}' JOIN (PIVOT silver.posts ON post_key) USING (post_key)",
        "PIVOT silver.posts ON post_key IN ('a', 'b') USING max((SELECT 1 FROM '{file}'))",
        "PIVOT (SELECT 1 AS a FROM silver.posts, query('FROM ''{file}''')) ON a",
        "PIVOT (SELECT unnest(['{file}']) AS f, content FROM silver.posts, read_blob(f)) ON f",
        "/* /* */ PIVOT silver.posts ON post_key -- */ PIVOT '{file}' ON post_key",
        "PIVOT /* ON a */ '{file}' ON post_key -- IN ('a')",
        "PIVOT '{file}' ON post_key $$ ON a $$",
        "EXPLAIN ANALYZE PIVOT '{file}' ON post_key",
        "DESCRIBE PIVOT '{file}' ON post_key IN ('a')",
        "UNPIVOT (PIVOT '{file}' ON post_key) ON COLUMNS(*)",
        "FROM '{file}' PIVOT (count(*) FOR post_key IN ('a'))",
        "/* /* */ EXPLAIN SELECT 1 -- */ FROM '{file}'",
        "EXPLAIN /* /* */ ANALYZE SELECT 1 -- */ FROM '{file}'",
        "EXPLAIN -- \r FROM '{file}' \n SELECT 1",
    ],
)
def test_pivot_and_comments_do_not_read_files(lake, statement):
    (file,) = DeltaTable(f"{lake}/silver/posts").file_uris()
    with pytest.raises(QueryError):
        query(lake, statement.format(file=file))
