"""Read all rows of a table that meet a condition, batch by batch, so that memory is bounded."""

from collections.abc import Iterator, Mapping
from typing import Any

import duckdb

from foundation.sections import S3Settings
from serving.reader.failures import is_of_a_file, named
from serving.reader.parts import Part, open_part

_AT_ONCE = 1000


def scan(
    name: str, uri: str, s3: S3Settings, where: str, values: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    """Yield rows as dictionaries by column.

    Args:
        name: the table's name, `layer.table`.
        uri: its folder.
        s3: how to reach a lake on S3.
        where: the condition in SQL, which must not come from a user.
        values: values for its `$name`.

    Raises:
        DataFileDamagedError, LogDamagedError, LostCommitsError, QueryError: it cannot be read.
    """
    part = open_part(name, uri, s3)
    yielded = 0
    try:
        for row in _rows(part, where, values):
            yield row
            yielded += 1
    except duckdb.Error as error:
        if yielded or not is_of_a_file(error):
            raise named(error, [part], uri, s3, doing="export") from None
    else:
        return
    part = open_part(name, uri, s3)  # VACUUM may have deleted a file since
    try:
        yield from _rows(part, where, values)
    except duckdb.Error as error:
        raise named(error, [part], uri, s3, doing="export") from None


def _rows(part: Part, where: str, values: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    read = part.relation("it")
    with duckdb.connect(":memory:") as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for source, arrow in read.arrow.items():
            connection.register(source, arrow)
        sql = " ".join(["SELECT * FROM", read.sql, "WHERE", where])
        done = connection.execute(sql, {**values, **read.parameters})
        columns = [column[0] for column in done.description or []]
        while rows := done.fetchmany(_AT_ONCE):
            for row in rows:
                yield dict(zip(columns, row, strict=True))
