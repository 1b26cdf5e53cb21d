"""A few rows that the driver has, appended to a Delta table without Spark: milliseconds, where Spark runs jobs."""

from collections.abc import Mapping, Sequence
from typing import Any

from deltalake import CommitProperties, Transaction, write_deltalake
from deltalake.exceptions import DeltaError
from pyspark.sql.types import MapType

from foundation.errors import StoreUnreachableError
from foundation.settings import Settings
from lakehouse import delta_log
from lakehouse.delta import Txn
from schemas.tables import Table


def append(rows: Sequence[Mapping[str, Any]], table: Table, settings: Settings, *, txn: Txn | None = None) -> None:
    """Add rows, once per transaction id; Delta's protocol keeps those alike, whoever writes them.

    Raises:
        StoreUnreachableError: they cannot be written.
    """
    if txn and _is_done(txn, table, settings):
        return
    once = CommitProperties(app_transactions=[Transaction(txn.app, txn.version)] if txn else None)
    try:
        log = delta_log.open_table(table, settings)
        write_deltalake(log, _arrow(rows, table), mode="append", commit_properties=once)
    except (DeltaError, OSError) as error:
        # A commit whose answer was lost, tried again by the client, meets itself.
        if txn and _is_done(txn, table, settings):
            return
        raise StoreUnreachableError(
            f"{table.name} at {delta_log.path(table, settings)} cannot be written ({type(error).__name__})",
            remedy="Is there room, and does its store answer? Then run again: nothing is lost",
        ) from None


def _is_done(txn: Txn, table: Table, settings: Settings) -> bool:
    known = delta_log.open_table(table, settings).transaction_version(txn.app)
    return known is not None and known >= txn.version


def _arrow(rows: Sequence[Mapping[str, Any]], table: Table) -> Any:
    import pyarrow as pa  # noqa: PLC0415  # half a second that not every command needs
    from pyspark.sql.pandas.types import to_arrow_schema  # noqa: PLC0415  # as above

    maps = [field.name for field in table.schema if isinstance(field.dataType, MapType)]
    plain = [{**row, **{name: list(row[name].items()) for name in maps if row[name] is not None}} for row in rows]
    return pa.Table.from_pylist(plain, schema=to_arrow_schema(table.schema))
