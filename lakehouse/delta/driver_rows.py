"""Append the driver's few rows to a Delta table without Spark, in milliseconds."""

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

from deltalake import CommitProperties, DeltaTable, Transaction, write_deltalake
from deltalake.exceptions import DeltaError
from pyspark.sql.types import MapType, StructType

from foundation.errors import DiskFullError, EchoStreamError, StoreUnreachableError
from lakehouse.delta.lake import Txn
from lakehouse.delta.log import TableLog
from schemas.tables import Table


def append(rows: Sequence[Mapping[str, Any]], log: TableLog, *, txn: Txn) -> None:
    """Append rows to a table, once per transaction id.

    Spark and deltalake both know these ids. Spark on S3 overwrites a commit that another writer
    made meanwhile, so callers hold the job's lock `writing` and the lake's lease.

    Raises:
        DiskFullError: the disk is full.
        StoreUnreachableError: the rows cannot be written for another reason.
    """
    values = _arrow(rows, log.table)
    opened = log.open()
    if _is_done(txn, opened):
        return
    once = CommitProperties(app_transactions=[Transaction(txn.app, txn.version)])
    try:
        # Write on the version that was checked: deltalake refuses if a commit of the same id came
        # since.
        write_deltalake(opened, values, mode="append", commit_properties=once)
    except (DeltaError, OSError) as error:
        # A client that retries a commit whose response was lost meets its own commit.
        if not _is_done(txn, log.open()):
            raise _named(error, log) from None


def _is_done(txn: Txn, opened: DeltaTable) -> bool:
    known = opened.transaction_version(txn.app)
    return known is not None and known >= txn.version


def _named(error: Exception, log: TableLog) -> EchoStreamError:
    where = f"{log.table.name} at {log.path} cannot be written"
    if "No space left" in str(error):
        return DiskFullError(
            f"{where}: the disk is full", remedy="Make room and run again: nothing is lost"
        )
    return StoreUnreachableError(
        f"{where} ({type(error).__name__})",
        remedy="Check that the store answers, then run again: nothing is lost",
    )


def _arrow(rows: Sequence[Mapping[str, Any]], table: Table) -> Any:
    """Return the rows in Arrow with the table's schema; each row must name all columns."""
    import pyarrow as pa  # noqa: PLC0415  # half a second that not every command needs

    maps = {field.name for field in table.schema if isinstance(field.dataType, MapType)}
    plain = [
        {
            name: list(row[name].items()) if name in maps and row[name] is not None else row[name]
            for name in table.columns
        }
        for row in rows
    ]
    return pa.Table.from_pylist(plain, schema=arrow_schema(table.schema))


def arrow_schema(schema: StructType) -> Any:
    """Return Spark's schema as Arrow's, with times in UTC."""
    from pyspark.sql.pandas.types import to_arrow_schema  # noqa: PLC0415  # it imports pandas

    # Spark 4.2 has to be told the zone, and 4.0 knows no argument for it.
    asks_for_zone = "timezone" in inspect.signature(to_arrow_schema).parameters
    zone: dict[str, Any] = {"timezone": "UTC"} if asks_for_zone else {}
    return to_arrow_schema(schema, **zone)
