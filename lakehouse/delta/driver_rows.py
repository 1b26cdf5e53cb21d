"""A few rows that the driver has, appended to a Delta table without Spark: milliseconds, where Spark runs jobs."""

from collections.abc import Mapping, Sequence
from typing import Any

from deltalake import CommitProperties, DeltaTable, Transaction, write_deltalake
from deltalake.exceptions import DeltaError
from pyspark.sql.types import MapType

from foundation.errors import DiskFullError, EchoStreamError, StoreUnreachableError
from foundation.settings import Settings
from lakehouse.delta import log as delta_log
from lakehouse.delta.tables import Txn
from schemas.tables import Table


def append(
    rows: Sequence[Mapping[str, Any]], table: Table, settings: Settings, *, txn: Txn
) -> None:
    """Add rows, once per transaction id: an action of Delta's that Spark and deltalake both read and write.

    Spark on S3 knows no PUT that fails where there is an object, so nothing else may write the
        table meanwhile: callers
    hold the job's `writing`, and the lake.

    Raises:
        DiskFullError, StoreUnreachableError: they cannot be written.
    """
    values = _arrow(rows, table)
    log = delta_log.open_table(table, settings)
    if _is_done(txn, log):
        return
    once = CommitProperties(app_transactions=[Transaction(txn.app, txn.version)])
    try:
        # By the log that was asked: of what has come since, deltalake refuses a commit of the same
        # id.
        write_deltalake(log, values, mode="append", commit_properties=once)
    except (DeltaError, OSError) as error:
        # A commit whose answer was lost, tried again by the client, meets itself.
        if not _is_done(txn, delta_log.open_table(table, settings)):
            raise _named(error, table, settings) from None


def _is_done(txn: Txn, log: DeltaTable) -> bool:
    known = log.transaction_version(txn.app)
    return known is not None and known >= txn.version


def _named(error: Exception, table: Table, settings: Settings) -> EchoStreamError:
    where = f"{table.name} at {delta_log.path(table, settings)} cannot be written"
    if "No space left" in str(error):
        return DiskFullError(
            f"{where}: the disk is full", remedy="Make room and run again: nothing is lost"
        )
    return StoreUnreachableError(
        f"{where} ({type(error).__name__})",
        remedy="Does its store answer? Then run again: nothing is lost",
    )


def _arrow(rows: Sequence[Mapping[str, Any]], table: Table) -> Any:
    """The rows as the table has them; each must name all of its columns."""
    import pyarrow as pa  # noqa: PLC0415  # half a second that not every command needs
    from pyspark.sql.pandas.types import to_arrow_schema  # noqa: PLC0415  # as above

    maps = {field.name for field in table.schema if isinstance(field.dataType, MapType)}
    plain = [
        {
            name: list(row[name].items()) if name in maps and row[name] is not None else row[name]
            for name in table.columns
        }
        for row in rows
    ]
    return pa.Table.from_pylist(plain, schema=to_arrow_schema(table.schema))
