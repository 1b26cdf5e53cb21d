"""What the log of a Delta table says, read without Spark: milliseconds, where Spark runs a query for each answer."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

from deltalake import DeltaTable, QueryBuilder
from deltalake.exceptions import DeltaError, TableNotFoundError

from foundation.errors import (
    EchoStreamError,
    LogDamagedError,
    StoreUnreachableError,
)
from foundation.settings import Settings
from lakehouse.delta import damage
from lakehouse.storage.s3 import is_s3, storage_options
from lakehouse.storage.s3_files import Folder, S3Path
from schemas.tables import Table

_CHECKPOINT = re.compile(r"(\d{20})\.checkpoint\..*parquet$")


def path(table: Table, settings: Settings) -> str:
    """The table's folder."""
    return f"{settings.lake_uri}/{table.folder}"


def exists(table: Table, settings: Settings) -> bool:
    """Whether the table has been made."""
    return DeltaTable.is_deltatable(
        path(table, settings), storage_options(settings.lake_uri, settings.s3)
    )


def clear_unborn(table: Table, settings: Settings) -> None:
    """Remove the empty log of a table that died before its first commit: Spark takes its folder for a table.

    A kill or a full disk between the folder and the commit leaves it. An object store has no
    folders.
    """
    if is_s3(settings.lake_uri):
        return
    log = Path(path(table, settings), "_delta_log")
    if log.is_dir() and not any(log.glob("*.json")) and not any(log.glob("*.parquet")):
        shutil.rmtree(log)


def version(table: Table, settings: Settings) -> int:
    """The table's newest version."""
    return open_table(table, settings).version()


def transaction(table: Table, settings: Settings, app: str) -> int | None:
    """The newest version under which this transaction id was written; None where it never was."""
    try:
        return open_table(table, settings).transaction_version(app)
    except TableNotFoundError:
        return None


def last_commit(table: Table, settings: Settings) -> dict[str, Any]:
    """What Delta says of the newest commit: version, operation, operationMetrics, userMetadata."""
    return open_table(table, settings).history(1)[0]


def last_append(table: Table, settings: Settings) -> dict[str, Any]:
    """What Delta says of the newest commit that appended: upkeep may have followed it while no stream ran.

    Raises:
        LookupError: nothing was ever appended, as far as the log goes back.
    """
    log = open_table(table, settings)
    for limit in (1, None):
        for commit in log.history(limit):
            if commit["operation"] == "WRITE" and commit["operationParameters"]["mode"] == "Append":
                return commit
    raise LookupError(f"{table.name} has no append in its log")


def commits_since(table: Table, settings: Settings, first: int) -> list[dict[str, Any]]:
    """What Delta says of the commits from a version on, newest first; those that its log has forgotten are missing."""
    log = open_table(table, settings)
    return log.history(log.version() - first + 1) if first <= log.version() else []


def newest_metadata(table: Table, settings: Settings, name: str) -> Any:
    """What the newest commit that says something of this name in its user metadata says; None where none does."""
    log = open_table(table, settings)
    for limit in (1, 100, None):  # mostly the last one, of as many as a month has batches
        for commit in log.history(limit):  # newest first
            said = json.loads(commit.get("userMetadata") or "{}")
            if name in said:
                return said[name]
    return None


def properties(table: Table, settings: Settings, *, version: int | None = None) -> dict[str, str]:
    """The table's properties, now or as of a version; none where there is no table."""
    try:
        log = open_table(table, settings)
        if version is not None:
            log.load_as_version(version)
        return {name: value for name, value in log.metadata().configuration.items() if value}
    except TableNotFoundError:
        return {}


def rows(table: Table, settings: Settings, query: str) -> list[dict[str, Any]]:
    """The rows that a query gives of a small table, which it calls `t`."""
    import pyarrow as pa  # noqa: PLC0415  # half a second that not every command needs

    found = QueryBuilder().register("t", open_table(table, settings)).execute(query).read_all()
    answer: list[dict[str, Any]] = pa.table(found).to_pylist()
    return answer


def files_with_hidden_rows(table: Table, settings: Settings) -> list[str]:
    """The paths of the table's files that have a deletion vector."""
    import pyarrow as pa  # noqa: PLC0415  # half a second that not every command needs

    found = pa.table(open_table(table, settings).deletion_vectors().read_all())
    paths: list[str] = found.column("filepath").to_pylist()
    return paths


def has_file(table: Table, settings: Settings, file: str) -> bool:
    """Whether the table as it is now has a data file of this name."""
    name = file.rpartition("/")[2]
    return any(each.endswith(f"/{name}") for each in open_table(table, settings).file_uris())


def open_table(table: Table, settings: Settings) -> DeltaTable:
    """The table as it is now.

    Raises:
        TableNotFoundError: there is none.
        StoreUnreachableError: it cannot be read.
    """
    options = storage_options(settings.lake_uri, settings.s3)
    try:
        return DeltaTable(path(table, settings), storage_options=options)
    except TableNotFoundError:
        raise
    except (DeltaError, OSError) as error:
        raise _unreadable(error, table, settings) from None


def log_damaged(table: Table, settings: Settings, version: int) -> LogDamagedError:
    """The error for a log of which a commit is missing."""
    return damage.of_log(table.name, path(table, settings), version)


def folder(table: Table, settings: Settings) -> Folder:
    """The folder of the table's log."""
    where = f"{path(table, settings)}/_delta_log"
    return S3Path(where, settings.s3) if settings.is_on_s3 else Path(where)


def _unreadable(error: Exception, table: Table, settings: Settings) -> EchoStreamError:
    if damage.is_of_a_checkpoint(error):
        return damage.of_log(
            table.name,
            path(table, settings),
            None,
            file=f"_delta_log/{_checkpoint(table, settings)}",
        )
    return damage.known(error, table.name, path(table, settings)) or StoreUnreachableError(
        f"{table.name} at {path(table, settings)} cannot be read ({type(error).__name__})",
        remedy="Is the lake whole, and does its store answer?",
    )


def _checkpoint(table: Table, settings: Settings) -> str:
    """Delta's own checkpoint that is read: the one that _last_checkpoint names, where it can be read, or the newest."""
    log = folder(table, settings)
    try:
        version = int(json.loads((log / "_last_checkpoint").read_text(encoding="utf-8"))["version"])
    except (OSError, ValueError, KeyError, TypeError):
        version = max(
            (int(found[1]) for file in log.iterdir() if (found := _CHECKPOINT.match(file.name))),
            default=0,
        )
    return f"{version:020}.checkpoint.parquet"
