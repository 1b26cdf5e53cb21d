"""Read one version of a Delta table from its log: files, statistics and hidden rows."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from deltalake import DeltaTable
from deltalake.exceptions import DeltaError

from foundation.sections import S3Settings
from lakehouse.delta import damage
from lakehouse.storage.s3 import is_s3
from lakehouse.storage.s3_files import Folder, S3Path
from schemas.stored_names import SILVER_VERSION
from serving.reader.columns import Column, columns_of

_MS = 1000
_TIME = "TIMESTAMPTZ"
_FEATURES = {"deletionVectors", "timestampNtz", "v2Checkpoint", "vacuumProtocolCheck"}
_OF_A_SCAN = {"file_index", "file_row_number", "filename"}  # DuckDB's columns of each file


@dataclass(frozen=True, slots=True)
class DataFile:
    """A data file of a version.

    Attributes:
        path: the path below the table's folder.
        rows: the number of rows, including hidden ones; None if the log has none.
        partition: the values of the partition columns, by name.
        least: the earliest time of each time column with statistics.
        greatest: the latest time, truncated to milliseconds.
        hidden: a bit per row, the first one leftmost, set if a deletion vector hides the row; None
            if no row is hidden.
    """

    path: str
    rows: int | None
    partition: Mapping[str, Any]
    least: Mapping[str, Any]
    greatest: Mapping[str, Any]
    hidden: bytes | None = field(default=None, repr=False)

    def newest(self, column: str) -> datetime | None:
        """Return an upper bound of a column's times, or None if the log has no statistics."""
        greatest = self.greatest.get(column)
        # The log truncates to milliseconds, and rows have microseconds.
        return None if greatest is None else greatest + timedelta(milliseconds=1)

    def may_have(self, column: str, since: datetime | None, until: datetime | None) -> bool:
        """Tell whether the column may have a time in [since, until)."""
        newest = self.newest(column)
        oldest = self.least.get(column)
        return not (
            (since is not None and newest is not None and newest < since)
            or (until is not None and oldest is not None and oldest >= until)
        )


@dataclass(frozen=True, slots=True)
class Pinned:
    """A version of a table.

    Attributes:
        name: `layer.table`.
        uri: its folder.
        version: its number.
        committed_at: when it was committed; None if the commit's file is deleted.
        columns: the columns in the schema's order.
        files: all data files.
        is_readable: False if it has a feature that only deltalake supports. Then `columns` and
            `files` are empty.
        silver_version: for a table of Gold, the version of Silver that it was computed from.
    """

    name: str
    uri: str
    version: int
    committed_at: datetime | None
    columns: tuple[Column, ...]
    files: tuple[DataFile, ...] = field(repr=False)
    is_readable: bool = True
    silver_version: int | None = None


def pin(table: DeltaTable, name: str, uri: str, s3: S3Settings) -> Pinned:
    """Return the version that a table is loaded at.

    Args:
        table: the open table, which must not be updated meanwhile.
        name: `layer.table`.
        uri: its folder.
        s3: how to reach a lake on S3.

    Raises:
        LogDamagedError: a deletion vector cannot be read, or belongs to no file of the table.
    """
    columns = _columns(table)
    hidden = {} if columns is None else _hidden_rows(table, name, uri)
    files = () if columns is None else tuple(_files(table, columns, hidden))
    if hidden:  # otherwise deleted rows would be visible
        raise damage.of_log(name, uri, None, file="a deletion vector")
    version = table.version()
    log: Folder = S3Path(f"{uri}/_delta_log", s3) if is_s3(uri) else Path(uri, "_delta_log")
    return Pinned(
        name=name,
        uri=uri,
        version=version,
        committed_at=_committed_at(log, version),
        columns=columns or (),
        files=files,
        is_readable=columns is not None,
        silver_version=_silver_version(log, version) if name.startswith("gold.") else None,
    )


def _columns(table: DeltaTable) -> tuple[Column, ...] | None:
    """Return the columns, or None if the table has a feature that this reader does not support."""
    metadata = table.metadata()
    if set(table.protocol().reader_features or ()) - _FEATURES:
        return None
    if metadata.configuration.get("delta.columnMapping.mode", "none") != "none":
        return None
    columns = columns_of(table.schema().to_json(), metadata.partition_columns)
    return None if _OF_A_SCAN & {column.name for column in columns} else columns


def _files(
    table: DeltaTable, columns: Sequence[Column], hidden: dict[str, bytes]
) -> Sequence[DataFile]:
    """Return the files. Their hidden rows are removed from `hidden`."""
    actions = table.get_add_actions(flatten=True)
    paths = [unquote(path) for path in actions.column("path").to_pylist()]
    rows = actions.column("num_records").to_pylist()
    times = [column.name for column in columns if column.kind == _TIME]
    partitions = _by_file(actions, "partition", [each.name for each in columns if each.partition])
    least = _by_file(actions, "min", times)
    greatest = _by_file(actions, "max", times)
    return [
        DataFile(path, count, values, low, high, hidden.pop(path, None))
        for path, count, values, low, high in zip(
            paths, rows, partitions, least, greatest, strict=True
        )
    ]


def _by_file(actions: Any, kind: str, names: Sequence[str]) -> list[Mapping[str, Any]]:
    """Return the log's values of columns, for each file."""
    held = {
        name: actions.column(f"{kind}.{name}").to_pylist()
        for name in names
        if f"{kind}.{name}" in actions.column_names
    }
    if not held:
        return [{}] * actions.num_rows
    return [dict(zip(held, values, strict=True)) for values in zip(*held.values(), strict=True)]


def _hidden_rows(table: DeltaTable, name: str, uri: str) -> dict[str, bytes]:
    """Return the hidden rows of each file that has some, as bits."""
    if "deletionVectors" not in (table.protocol().reader_features or ()):
        return {}
    try:
        batches = list(table.deletion_vectors())
    except (DeltaError, OSError) as error:
        raise damage.known(error, name, uri) or damage.of_log(
            name, uri, None, file="a deletion vector"
        ) from None
    return {
        _below(path, name, uri): bits
        for batch in batches
        if batch.num_rows
        for path, bits in _bits(batch)
    }


def _bits(batch: Any) -> list[tuple[str, bytes]]:
    """Return the path and the hidden rows of each file in a batch."""
    import numpy as np  # noqa: PLC0415  # most tables hide nothing
    import pyarrow as pa  # noqa: PLC0415  # as above

    vectors = pa.record_batch(batch)
    kept = vectors.column("selection_vector")
    return [
        (path.as_py(), np.packbits(~rows.values.to_numpy(zero_copy_only=False)).tobytes())
        for path, rows in zip(vectors.column("filepath"), kept, strict=True)
    ]


def _below(file: str, name: str, uri: str) -> str:
    """Return a file's path below the table's folder."""
    folder = uri.partition("://")[2] if is_s3(uri) else uri
    _, is_in, path = unquote(file).partition(folder.strip("/") + "/")
    if not is_in:
        raise damage.of_log(name, uri, None)  # otherwise deleted rows would be visible
    return path


def _commit_info(log: Folder, version: int) -> Mapping[str, Any] | None:
    """Return a commit's `commitInfo`, or None if its file was deleted, as old ones are.

    This reads one file. deltalake's history lists the folder, which takes long on S3.
    """
    try:
        text = (log / f"{version:020}.json").read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    actions = (json.loads(line) for line in text.splitlines() if line.strip())
    said: Mapping[str, Any] = next(
        (action["commitInfo"] for action in actions if "commitInfo" in action), {}
    )
    return said


def _committed_at(log: Folder, version: int) -> datetime | None:
    at = (_commit_info(log, version) or {}).get("timestamp")
    return None if at is None else datetime.fromtimestamp(at / _MS, UTC)


def _silver_version(log: Folder, version: int) -> int | None:
    """Return the version of Silver in the newest commit that names one."""
    for earlier in range(version, -1, -1):  # usually the last one; commits of maintenance name none
        info = _commit_info(log, earlier)
        if info is None:
            return None
        said = json.loads(info.get("userMetadata") or "{}")
        if SILVER_VERSION in said:
            return int(said[SILVER_VERSION])
    return None
