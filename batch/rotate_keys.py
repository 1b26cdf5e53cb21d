"""A new version of the pseudonym key: the lake's tables re-keyed, each in one commit. docs/adr/0012."""

from collections.abc import Iterator
from dataclasses import dataclass

from pyspark.sql import SparkSession

from foundation.crash_points import crash_point
from foundation.errors import KeyFileError, KeyMismatchError
from foundation.key_chain import KeyChain
from foundation.key_sources import KeyFile, KeySource, payload_source, pseudonym_source
from foundation.keys import PSEUDONYM_KEY, add_key, write_key_id
from foundation.secret_keys import SecretKey
from foundation.settings import Settings
from lakehouse.delta import log as delta_log
from lakehouse.delta import tables as delta
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

# Gold follows Silver by the change feed.
REKEYED = (BRONZE_POSTS, QUARANTINE_POSTS, SILVER_TOMBSTONES, SILVER_POSTS)


@dataclass(frozen=True, slots=True)
class Rekeyed:
    """A table that is under the new key; `rows` is None where an earlier run that was cut short had done it."""

    table: str
    rows: int | None


@dataclass(frozen=True, slots=True)
class Rotation:
    """From which key to which."""

    former: str
    key_id: str


def begin(settings: Settings) -> Rotation:
    """The rotation that was begun, or a new one; a key in a file gets its next version here.

    Raises:
        KeyFileError, KeyServiceError: a key cannot be had, or the next one was not put into its
            place.
        KeyMismatchError: the lake is under a key that is not among them.
    """
    source = pseudonym_source(settings)
    former, newest = source.load(), source.newest()
    said = delta_log.properties(SILVER_POSTS, settings).get(KEY_PROPERTY, former.key_id)
    if said not in {key.key_id for key in newest if key.version >= former.version}:
        raise KeyMismatchError(
            f"{SILVER_POSTS.name} is under key {said}, and {source.where} does not hold it",
            remedy="Put the lake's keys back, all versions of them",
        )
    if newest.key_id == former.key_id:
        newest = _next(source)
    return Rotation(former.key_id, newest.key_id)


def rekey_tables(spark: SparkSession, settings: Settings, rotation: Rotation) -> Iterator[Rekeyed]:
    """Bring every table to the new key, and refuse all other work on them until that is done.

    A table that an earlier run did is left alone; one that it was killed in is as it was before.
    """
    for table in (BRONZE_POSTS, SILVER_POSTS):
        delta.ensure(spark, table, settings)
    chain = KeyChain(pseudonym_source(settings), rotation.key_id)
    _say_in_properties(spark, settings, rotation)
    for table in REKEYED:
        if delta_log.exists(table, settings):
            crash_point(ROTATE_KEYS_JOB, f"{BEFORE}{table.name}", settings)
            yield Rekeyed(table.name, _rekey(spark, table, settings, chain))
    crash_point(ROTATE_KEYS_JOB, AFTER_LAST, settings)


def end(settings: Settings, rotation: Rotation) -> None:
    """Bring the new key into use, where its place is a file; at AWS it is the setting `keys.id` that does."""
    source = pseudonym_source(settings)
    if isinstance(source, KeyFile):
        write_key_id(source.file, rotation.key_id)


def _next(source: KeySource) -> SecretKey:
    if isinstance(source, KeyFile):
        return add_key(source.file, source.name)
    raise KeyFileError(
        f"{PSEUDONYM_KEY} {source.where} has no next version yet",
        remedy="Put it there, in a line behind the others: docs/keys.md has the commands",
    )


def _say_in_properties(spark: SparkSession, settings: Settings, rotation: Rotation) -> None:
    """Silver's key first: from then on nothing but this job starts."""
    for table, name, value in (
        (SILVER_POSTS, KEY_PROPERTY, rotation.key_id),
        (BRONZE_POSTS, FORMER_KEYS_PROPERTY, _former(settings, rotation)),
    ):
        if delta_log.properties(table, settings).get(name) != value:
            crash_point(ROTATE_KEYS_JOB, f"{BEFORE_PROPERTY_OF}{table.name}", settings)
            delta.set_properties(spark, table, settings, {name: value})


def _former(settings: Settings, rotation: Rotation) -> str:
    """All keys before the new one, also those that were skipped."""
    newest = pseudonym_source(settings).newest()
    older = [key.key_id for key in newest if key.key_id != rotation.key_id]
    return " ".join(reversed(older))


def _rekey(spark: SparkSession, table: Table, settings: Settings, chain: KeyChain) -> int | None:
    if delta_log.newest_metadata(table, settings, REKEYED_TO) == chain.key_id:
        return None
    now = delta.read(spark, table, settings)
    rows = rekeyed(now, table, chain, payload_source(settings))
    if table is SILVER_TOMBSTONES:
        # Of persons' requests also as they were: what Kafka or a producer still has of them comes
        # under the older key.
        rows = rows.unionByName(now.where(f"reason = '{REQUEST_CAUSE}'")).dropDuplicates()
    delta.overwrite(rows, table, settings, metadata={REKEYED_TO: chain.key_id})
    return int(delta_log.last_commit(table, settings)["operationMetrics"]["numOutputRows"])
