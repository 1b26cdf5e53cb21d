"""Rekey the lake's tables to a new version of the pseudonym key, each in one commit (ADR 0012)."""

from collections.abc import Iterator
from dataclasses import dataclass

from batch.job import batch_job
from foundation.crash_points import crash_point
from foundation.errors import KeyFileError, KeyMismatchError
from foundation.key_chain import KeyChain
from foundation.key_sources import KeyFile, KeySource, payload_source, pseudonym_source
from foundation.keys import PSEUDONYM_KEY, add_key, write_key_id
from foundation.secret_keys import SecretKey
from foundation.settings import Settings
from lakehouse.delta.lake import Lake
from lakehouse.delta.log import TableLog
from schemas.stored_names import (
    AFTER_LAST,
    BEFORE,
    BEFORE_PROPERTY_OF,
    FORMER_KEYS_PROPERTY,
    KEY_PROPERTY,
    REKEYED_TO,
    REQUEST_CAUSE,
    ROTATE_KEYS_JOB,
)
from schemas.tables import BRONZE_POSTS, QUARANTINE_POSTS, SILVER_POSTS, SILVER_TOMBSTONES, Table
from transforms.rekey import rekeyed

# Gold's job reads the changes from Silver's change data feed.
REKEYED = (BRONZE_POSTS, QUARANTINE_POSTS, SILVER_TOMBSTONES, SILVER_POSTS)


@dataclass(frozen=True, slots=True)
class Rekeyed:
    """A table under the new key; `rows` is None if an earlier run rekeyed it."""

    table: str
    rows: int | None


@dataclass(frozen=True, slots=True)
class Rotation:
    """The fingerprints of the former key and of the new one."""

    former: str
    key_id: str


def preflight(settings: Settings) -> None:
    """Refuse to start with keys that a rotation cannot use.

    Raises:
        KeyFileError, KeyServiceError: a key cannot be read, or the next version is missing.
        KeyMismatchError: the lake is under a key that is not among the source's.
    """
    source = pseudonym_source(settings)
    former, newest = _keys(source, settings)
    if newest.key_id == former.key_id and not isinstance(source, KeyFile):
        raise _no_next(source)


@batch_job("keys rotate", preflight=preflight)
def job(lake: Lake) -> Iterator[str]:
    """Yield a line for each table, and one that says what follows."""
    settings = lake.settings
    rotation = begin(settings)
    for table in rekey_tables(lake, rotation):
        rows = "done before" if table.rows is None else f"{table.rows:,} rows"
        yield f"{table.table}: {rows}"
    end(settings, rotation)
    if pseudonym_source(settings).key_id() == rotation.key_id:
        yield (
            f"{rotation.key_id} is in use; producers take it once they are restarted,"
            " and older records are rekeyed as they arrive"
        )
    else:
        yield f"set keys.id to {rotation.key_id}; until then no other job starts on this lake"


def begin(settings: Settings) -> Rotation:
    """Return the rotation that was begun, or begin one; a key file gets its next version here.

    Raises:
        KeyFileError, KeyServiceError, KeyMismatchError: as in `preflight`.
    """
    source = pseudonym_source(settings)
    former, newest = _keys(source, settings)
    if newest.key_id == former.key_id:
        newest = _next(source)
    return Rotation(former.key_id, newest.key_id)


def _keys(source: KeySource, settings: Settings) -> tuple[SecretKey, SecretKey]:
    """Return the key in use and the newest one, and refuse a lake under an older key.

    Raises:
        KeyMismatchError: the lake is under no version from the one in use on.
    """
    former = source.load()
    newest = source.newest()
    lake_key_id = TableLog(SILVER_POSTS, settings).properties().get(KEY_PROPERTY, former.key_id)
    if lake_key_id not in {key.key_id for key in newest if key.version >= former.version}:
        raise KeyMismatchError(
            f"{SILVER_POSTS.name} is under key {lake_key_id}, which {source.where} does not hold",
            remedy="Put back the lake's key, with all its versions",
        )
    return former, newest


def rekey_tables(lake: Lake, rotation: Rotation) -> Iterator[Rekeyed]:
    """Rekey every table; until that is done, no other job starts on the lake.

    A table that an earlier run rekeyed is skipped. A table at which a run was killed is unchanged.
    """
    settings = lake.settings
    for table in (BRONZE_POSTS, SILVER_POSTS):
        lake.ensure(table)
    chain = KeyChain(pseudonym_source(settings), rotation.key_id)
    _set_properties(lake, rotation)
    for table in REKEYED:
        if lake.log(table).exists():
            crash_point(ROTATE_KEYS_JOB, f"{BEFORE}{table.name}", settings)
            yield Rekeyed(table.name, _rekey(lake, table, chain))
    crash_point(ROTATE_KEYS_JOB, AFTER_LAST, settings)


def end(settings: Settings, rotation: Rotation) -> None:
    """Bring the new key into use if it is in a file; at AWS the setting `keys.id` does that."""
    source = pseudonym_source(settings)
    if isinstance(source, KeyFile):
        write_key_id(source.file, rotation.key_id)


def _next(source: KeySource) -> SecretKey:
    if isinstance(source, KeyFile):
        return add_key(source.file, source.name)
    raise _no_next(source)


def _no_next(source: KeySource) -> KeyFileError:
    return KeyFileError(
        f"{PSEUDONYM_KEY} {source.where} has no next version yet",
        remedy="Add it in a line after the others: docs/operate/keys.md has the commands",
    )


def _set_properties(lake: Lake, rotation: Rotation) -> None:
    """Name the keys in the tables' properties.

    Silver's property is set first: from then on no other job starts.
    """
    settings = lake.settings
    for table, name, value in (
        (SILVER_POSTS, KEY_PROPERTY, rotation.key_id),
        (BRONZE_POSTS, FORMER_KEYS_PROPERTY, _former(settings, rotation)),
    ):
        if lake.log(table).properties().get(name) != value:
            crash_point(ROTATE_KEYS_JOB, f"{BEFORE_PROPERTY_OF}{table.name}", settings)
            lake.set_properties(table, {name: value})


def _former(settings: Settings, rotation: Rotation) -> str:
    """Return the fingerprints of all keys before the new one, including skipped versions."""
    newest = pseudonym_source(settings).newest()
    older = [key.key_id for key in newest if key.key_id != rotation.key_id]
    return " ".join(reversed(older))


def _rekey(lake: Lake, table: Table, chain: KeyChain) -> int | None:
    log = lake.log(table)
    if log.newest_metadata(REKEYED_TO) == chain.key_id:
        return None
    current = lake.read(table)
    rows = rekeyed(current, table, chain, payload_source(lake.settings))
    if table is SILVER_TOMBSTONES:
        # Tombstones of requests also stay under the older key, because Kafka or a producer may
        # still send records under it.
        rows = rows.unionByName(current.where(f"reason = '{REQUEST_CAUSE}'")).dropDuplicates()
    lake.overwrite(rows, table, metadata={REKEYED_TO: chain.key_id})
    return int(log.last_commit()["operationMetrics"]["numOutputRows"])
