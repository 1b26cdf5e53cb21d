"""Rekey rows: replace pseudonyms and event ids of older keys by the newest one's (docs/adr/0012).

A row that is under the newest key already does not change, so a repeat changes nothing.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import orjson
import pyarrow as pa
from pyspark.sql import DataFrame

from foundation.key_chain import KeyChain, chain_of
from foundation.key_sources import KeySource
from foundation.keys import PseudonymKey, version_of
from schemas.event import Event
from schemas.tables import Table
from transforms.decode import BadRecordError
from transforms.payloads import AS_RECEIVED, ENCRYPTED, At, decrypt, encrypt, key_of

# A channel is a pseudonym if it is a person's profile.
_PSEUDONYMS = (
    "post_key",
    "author_key",
    "reply_to_key",
    "channel",
)
_HEADERS = ("post_key", "author_key")

Row = dict[str, Any]
Rekey = Callable[[Row, PseudonymKey], Row]  # returns the columns that change


def rekeyed(rows: DataFrame, table: Table, chain: KeyChain, payload_key: KeySource) -> DataFrame:
    """Return a table's rows under the chain's newest key, one for one.

    Workers read the keys themselves.
    """

    def of_record(row: Row, key: PseudonymKey) -> Row:
        return rekeyed_record(row, key, payload_key)

    rekey = of_record if "value" in table.columns else rekeyed_row

    def run(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        key = chain_of(chain)
        for batch in batches:
            yield _changed(batch, rekey, key)

    return rows.select(*table.columns).mapInArrow(run, table.schema)


def rekeyed_event(event: Event, key: PseudonymKey) -> Event:
    """Return the event as its producer would make it under the newest key."""
    version = int(event["keys"]["key_id"].partition("-")[0].removeprefix("v"))
    keys = {
        name: key.forward(value) if isinstance(value, str) else value
        for name, value in event["keys"].items()
        if name != "key_id"
    }
    event_id = key.forward_event_id(event["event_id"], version)
    return event | {"event_id": event_id, "keys": keys | {"key_id": key.key_id}}  # type: ignore[return-value]  # an Event's fields, and no others


def rekeyed_row(row: Row, key: PseudonymKey) -> Row:
    """Return the changed columns of a row of Silver or its tombstones: columns of pseudonyms."""
    changed = {name: key.forward(row[name]) for name in _PSEUDONYMS if row.get(name)}
    version = version_of(row["post_key"]) if row.get("event_id") else None
    return changed | (
        {"event_id": key.forward_event_id(row["event_id"], version)} if version else {}
    )


def rekeyed_record(row: Row, key: PseudonymKey, payload_key: KeySource) -> Row:
    """Return the changed columns of a row of Bronze or quarantine, headers and payload included.

    Either everything changes or nothing: if the payload does not name a key of the chain, the row
    stays as received.
    """
    at = At(row["topic"], row["partition"], row["offset"])
    stored = row["value"]
    try:
        value = decrypt(stored, payload_key, at)
    except BadRecordError:  # damaged at rest
        return {}
    if value is None or (new := _new_payload(value, key)) is None:
        return {}
    payload, event_ids = new
    if stored[:1] == ENCRYPTED:
        payload = encrypt(payload, key_of(payload_key), at)
    elif stored[:1] == AS_RECEIVED:
        payload = AS_RECEIVED + payload

    def text(old: bytes | None) -> bytes | None:
        named = old.decode("utf-8", "replace") if old else ""
        new = event_ids.get(named) or key.forward(named)
        return old if new == named else new.encode()

    headers = row["headers"] and [
        (name, text(held) if name in (*_HEADERS, "ce_id") else held)
        for name, held in row["headers"]
    ]
    return rekeyed_row({name: row.get(name) for name in _HEADERS}, key) | {
        "key": text(row["key"]),
        "headers": headers,
        "value": payload,
    }


def _new_payload(value: bytes, key: PseudonymKey) -> tuple[bytes, dict[str, str]] | None:
    """Return the payload with new pseudonyms and event id, otherwise the same byte for byte.

    The second value maps the old event id to the new one. The result is None if the payload is
    under the newest key already, under no key of the chain, or cannot be changed so.
    """
    event = _parsed(value)
    if event is None or event["keys"]["key_id"] not in {
        older.key_id for older in key if older is not key
    }:
        return None
    wanted = rekeyed_event(event, key)
    olds, news = ((side["event_id"], *side["keys"].values()) for side in (event, wanted))
    for old, new in zip(olds, news, strict=True):
        value = value.replace(f'"{old}"'.encode(), f'"{new}"'.encode()) if old else value
    # Our producers' payloads have each pseudonym once and in one spelling; leave any others alone.
    return (value, {event["event_id"]: wanted["event_id"]}) if _parsed(value) == wanted else None


def _parsed(value: bytes) -> Event | None:
    """Return the event if its id and keys can be read; its other fields may be bad."""
    try:
        event: Any = orjson.loads(value)
    except orjson.JSONDecodeError:
        return None
    keys = event.get("keys") if isinstance(event, dict) else None
    if not isinstance(keys, dict) or not isinstance(event.get("event_id"), str):
        return None
    if not all(value is None or isinstance(value, str) for value in keys.values()):
        return None
    parsed: Event | None = event if isinstance(keys.get("key_id"), str) else None
    return parsed


def _changed(batch: pa.RecordBatch, rekey: Rekey, key: PseudonymKey) -> pa.RecordBatch:
    """Return the batch with new values in the columns that hold pseudonyms."""
    names = [name for name in batch.schema.names if name in _READ]
    columns = [batch.column(name).to_pylist() for name in names]
    rows = [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]
    new = [row | rekey(row, key) for row in rows]
    written = {
        name: pa.array([row[name] for row in new], type=batch.schema.field(name).type)
        for name in names
        if name in _WRITTEN
    }
    arrays = [written.get(name, batch.column(name)) for name in batch.schema.names]
    return pa.RecordBatch.from_arrays(arrays, schema=batch.schema)


_WRITTEN = frozenset((*_PSEUDONYMS, "event_id", "key", "headers", "value"))
_READ = _WRITTEN | {"topic", "partition", "offset"}
