"""Turn DuckDB's errors into our own, which name the damaged file or the problem of a query."""

import re
from collections.abc import Sequence
from pathlib import Path

import duckdb

from foundation.errors import (
    DataFileDamagedError,
    EchoStreamError,
    LogDamagedError,
    QueryError,
    QueryTimeoutError,
)
from foundation.sections import S3Settings
from lakehouse.delta import damage
from lakehouse.storage.s3 import is_s3
from serving.catalog import arrow_files
from serving.reader.parts import Part, open_table

# Messages of Arrow, deltalake and DuckDB about an unreadable file; most lack its name.
_OF_A_FILE = re.compile(
    r"parquet|thrift|corrupt|decompress|snappy|magic bytes|object store error|no such file"
    r"|not found|no files found|cannot open file|read enough bytes|footer|failed to read file"
    r"|deserialize|string encoding|file is encrypted|end of stream|unexpected end|IOError|OSError",
    re.IGNORECASE,
)


def named(
    error: duckdb.Error, parts: Sequence[Part], lake_uri: str, s3: S3Settings, *, doing: str
) -> EchoStreamError:
    """Return our error for one that DuckDB raised for a statement of ours.

    Args:
        error: DuckDB's error.
        parts: the tables that the statement read.
        lake_uri: the lake's folder or S3 address.
        s3: how to reach a lake on S3.
        doing: the command that asked, for the message.
    """
    if isinstance(error, duckdb.InterruptException):
        return QueryTimeoutError(
            "the lake did not answer in time", remedy="Ask for a shorter period, or for less"
        )
    if isinstance(error, duckdb.OutOfMemoryException):
        return QueryError(
            "the answer needs more memory than it may have",
            remedy="Ask for a shorter period, or for less",
        )
    damaged = damaged_file(error, parts, lake_uri, s3, doing=doing)
    # DuckDB's own message may quote a value, such as a post's text.
    return damaged or QueryError(
        f"the lake cannot be read ({type(error).__name__})",
        remedy="Check that the lake is complete",
    )


def is_of_a_file(error: duckdb.Error) -> bool:
    """Tell whether an error may mean that a file is damaged or missing."""
    if type(error) is duckdb.Error or ends_the_database(error):
        return True  # errors of the Parquet reader have no class, or look internal
    is_of_reading = isinstance(error, (duckdb.IOException, duckdb.InvalidInputException))
    return is_of_reading and _OF_A_FILE.search(str(error)) is not None


def ends_the_database(error: duckdb.Error) -> bool:
    """Tell whether DuckDB answers no more statements after an error."""
    return isinstance(error, (duckdb.FatalException, duckdb.InternalException))


def damaged_file(
    error: duckdb.Error, parts: Sequence[Part], lake_uri: str, s3: S3Settings, *, doing: str
) -> DataFileDamagedError | LogDamagedError | None:
    """Return the error for the file that cannot be read, or None if all files can be read."""
    if not is_of_a_file(error):
        return None
    for find in (_named_file, _missing_file, _unreadable_file):  # the last one reads all files
        for part in parts:
            if file := find(part, s3, str(error)):
                return damage.of_file(
                    file,
                    lake_uri,
                    doing=doing,
                    safe="A query changes nothing",
                    name=part.pinned.name,
                )
    return None


def _named_file(part: Part, _: S3Settings, message: str) -> str | None:
    files = (f"{part.pinned.uri}/{file.path}" for file in part.pinned.files)
    return next((file for file in files if file in message), None)


def _missing_file(part: Part, s3: S3Settings, _: str) -> str | None:
    uri = part.pinned.uri
    if is_s3(uri):
        return None
    missing = (path for path in _paths(part, s3) if not Path(uri, path).is_file())
    path = next(missing, None)
    return None if path is None else f"{uri}/{path}"


def _unreadable_file(part: Part, s3: S3Settings, _: str) -> str | None:
    from pyarrow import parquet  # noqa: PLC0415  # slow to import, and needed only after an error

    uri = part.pinned.uri
    files = arrow_files(uri, s3)
    for path in _paths(part, s3):
        try:
            with files.open_input_file(path) as source:
                for _ in parquet.ParquetFile(source).iter_batches():
                    pass
        except (OSError, ValueError):  # Arrow's errors about content are of these classes
            return f"{uri}/{path}"
    return None


def _paths(part: Part, s3: S3Settings) -> list[str]:
    if part.pinned.is_readable:
        return [file.path for file in part.pinned.files]
    uri = part.pinned.uri
    table = open_table(part.pinned.name, uri, s3)
    return [file.removeprefix(uri).lstrip("/") for file in table.file_uris()]
