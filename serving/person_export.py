"""All rows of the lake about a person, found by pseudonym under the keys, without a JVM.

A record of Bronze is the person's by its author, or by its post, which a bare delete names alone.
One that carries neither, as what could not be mapped, is opened and is the person's where it names
the account.
"""

from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from typing import Any

import orjson

from foundation.key_sources import KeySource, payload_source
from foundation.keys import PseudonymKey, canonical
from foundation.settings import Settings
from serving.catalog import lake_tables
from serving.formats import plain
from serving.reader.scan import scan
from transforms.decode import BadRecordError
from transforms.payloads import At, decrypt

Row = dict[str, Any]
_RAW = ("bronze.posts", "quarantine.posts")
_BY_AUTHOR = ("silver.posts", "silver.tombstones")
_AMONG = {
    column: f"list_contains($values::VARCHAR[], {column})" for column in ("author_key", "post_key")
}
_OF_AUTHORS_OR_NOBODY = f"({_AMONG['author_key']} OR author_key IS NULL)"


@dataclass(frozen=True, slots=True)
class Account:
    """A person's account, by the id that the platform's payloads give it."""

    platform: str
    author_id: str


@dataclass(frozen=True, slots=True)
class PersonData:
    """The data found, by table, as JSON values; and the pseudonyms of the person's posts."""

    rows: dict[str, list[Row]]
    post_keys: frozenset[str]


def find_person_data(settings: Settings, account: Account, key: PseudonymKey) -> PersonData:
    """Return the rows of an account, under each version of the key.

    Raises:
        KeyFileError, KeyServiceError, KeyMismatchError: payloads are sealed, and the key is not to
            be had.
        AccessError: a layer of the lake is closed to who asks, so that the answer would not be
            whole.
    """
    authors = set(key.author_keys(settings.owner, account.platform, account.author_id))
    lake = _Lake(settings, account.platform)
    rows_by_table = {name: list(lake.rows(name, "author_key", authors)) for name in _BY_AUTHOR}
    records = {name: list(lake.records(name, authors, account)) for name in _RAW}
    rows = (
        row for table_rows in (*rows_by_table.values(), *records.values()) for row in table_rows
    )
    posts = {row["post_key"] for row in rows if row.get("post_key")}
    rows_by_table["silver.tombstones"] += lake.rows("silver.tombstones", "post_key", posts)
    for name in _RAW:
        known = {_where(row) for row in records[name]}
        records[name] += [row for row in lake.of_posts(name, posts) if _where(row) not in known]
    everything = {
        name: [plain(row) for row in rows] for name, rows in (rows_by_table | records).items()
    }
    return PersonData(everything, frozenset(posts))


@dataclass(frozen=True, slots=True)
class _Lake:
    settings: Settings
    platform: str

    def rows(self, table: str, column: str, values: Set[str]) -> Iterator[Row]:
        """Yield the rows of the platform that have one of the values."""
        return self._read(table, _AMONG[column], values) if values else iter(())

    def records(self, table: str, authors: Set[str], account: Account) -> Iterator[Row]:
        """Yield the records that name the author, in their headers or else in their payload."""
        for row in self._raw(table, _OF_AUTHORS_OR_NOBODY, authors):
            is_nameless = row["author_key"] is None and row["op"] != "upsert"
            if row["author_key"] in authors or (is_nameless and _names(row["payload"], account)):
                yield row

    def of_posts(self, table: str, posts: Set[str]) -> Iterator[Row]:
        """Yield the records of some posts."""
        if not posts:
            return iter(())
        rows = self._raw(table, _AMONG["post_key"], posts)
        return (row for row in rows if row["post_key"] in posts)

    def _raw(self, table: str, condition: str, values: Set[str]) -> Iterator[Row]:
        """Yield records with their headers' fields; Bronze alone has columns to filter by."""
        source = payload_source(self.settings)
        has_columns = table == _RAW[0]
        rows = self._read(table, condition if has_columns else None, values)
        return (_received(row, source) for row in rows)

    def _read(self, table: str, condition: str | None, values: Set[str]) -> Iterator[Row]:
        """Yield rows of the platform, some at a time."""
        where = "platform = $platform"
        given: dict[str, Any] = {"platform": self.platform}
        if condition is not None:
            where += f" AND {condition}"
            given["values"] = sorted(values)
        s3 = self.settings.s3
        for uri in lake_tables(self.settings.lake_uri, s3, whole=True).get(table, []):
            yield from scan(table, uri, s3, where, given)


def _received(row: Mapping[str, Any], source: KeySource) -> Row:
    """Return the record with its payload decrypted, and with fields of its headers."""
    headers = {
        name: None if held is None else held.decode("utf-8", "replace")
        for name, held in _items(row["headers"])
    }
    try:
        value = decrypt(row["value"], source, At(row["topic"], row["partition"], row["offset"]))
    except BadRecordError:
        value = b"damaged at rest"
    facts = {name: row.get(name, headers.get(name)) for name in ("op", "post_key", "author_key")}
    rest = {name: held for name, held in row.items() if name not in ("value", "headers")}
    return rest | facts | {"headers": headers, "payload": _parsed(value)}


def _items(headers: Mapping[str, bytes | None] | None) -> Iterable[tuple[str, bytes | None]]:
    return (headers or {}).items()


def _parsed(value: bytes | None) -> Any:
    """Return the payload as JSON where it is such, `raw` in it too, which is JSON in a text."""
    try:
        document = orjson.loads(value or b"null")
    except orjson.JSONDecodeError:
        return value
    if isinstance(document, dict) and isinstance(document.get("raw"), str):
        try:
            return document | {"raw": orjson.loads(document["raw"])}
        except orjson.JSONDecodeError:  # the id may stand anywhere in it
            return document | {"raw": document["raw"].encode("utf-8", "replace")}
    return document


def _names(payload: Any, account: Account) -> bool:
    """Tell whether a text in the payload is the account's id, or holds it if it is no JSON."""
    match payload:
        case str():
            return canonical(payload) == canonical(account.author_id)
        case bytes():
            return canonical(account.author_id) in canonical(payload.decode("utf-8", "replace"))
        case dict():
            return any(_names(value, account) for value in payload.values())
        case list():
            return any(_names(value, account) for value in payload)
        case _:
            return False


def _where(row: Row) -> tuple[Any, ...]:
    return row["topic"], row["partition"], row["offset"], row.get("kafka_timestamp")
