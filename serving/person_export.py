"""Find all rows of the lake about a person, by the person's pseudonyms, without a JVM.

A record of Bronze belongs to the person if it has the pseudonym of the author or of one of the
author's posts. A bare delete names only the post. A record without pseudonyms could not be mapped:
its payload is decrypted, and it belongs to the person if it contains the account's id.
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
    """The rows found by table, as JSON values, and the pseudonyms of the person's posts."""

    rows: dict[str, list[Row]]
    post_keys: frozenset[str]


def find_person_data(settings: Settings, account: Account, key: PseudonymKey) -> PersonData:
    """Return the rows of an account, found by its pseudonym under each version of the key.

    Raises:
        KeyFileError, KeyServiceError, KeyMismatchError: payloads are encrypted and the key cannot
            be read.
        AccessError: a layer of the lake may not be read, so the answer would be incomplete.
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
        """Yield the rows of the platform that have one of the values in the column."""
        return self._read(table, _AMONG[column], values) if values else iter(())

    def records(self, table: str, authors: Set[str], account: Account) -> Iterator[Row]:
        """Yield the records that name the author in their headers, or else in their payload."""
        for row in self._raw(table, _OF_AUTHORS_OR_NOBODY, authors):
            is_nameless = row["author_key"] is None and row["op"] != "upsert"
            if row["author_key"] in authors or (is_nameless and _names(row["payload"], account)):
                yield row

    def of_posts(self, table: str, posts: Set[str]) -> Iterator[Row]:
        """Yield the records of these posts."""
        if not posts:
            return iter(())
        rows = self._raw(table, _AMONG["post_key"], posts)
        return (row for row in rows if row["post_key"] in posts)

    def _raw(self, table: str, condition: str, values: Set[str]) -> Iterator[Row]:
        """Yield decrypted records. Only Bronze has columns for the condition to filter by."""
        source = payload_source(self.settings)
        has_columns = table == _RAW[0]
        rows = self._read(table, condition if has_columns else None, values)
        return (_received(row, source) for row in rows)

    def _read(self, table: str, condition: str | None, values: Set[str]) -> Iterator[Row]:
        """Yield the platform's rows of a table that meet the condition."""
        where = "platform = $platform"
        given: dict[str, Any] = {"platform": self.platform}
        if condition is not None:
            where += f" AND {condition}"
            given["values"] = sorted(values)
        s3 = self.settings.s3
        for uri in lake_tables(self.settings.lake_uri, s3, whole=True).get(table, []):
            yield from scan(table, uri, s3, where, given)


def _received(row: Mapping[str, Any], source: KeySource) -> Row:
    """Return a record with its payload decrypted and its headers as columns."""
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
    """Parse a payload and the JSON text in its field `raw`. Return other payloads as bytes."""
    try:
        document = orjson.loads(value or b"null")
    except orjson.JSONDecodeError:
        return value
    if isinstance(document, dict) and isinstance(document.get("raw"), str):
        try:
            return document | {"raw": orjson.loads(document["raw"])}
        except orjson.JSONDecodeError:  # `_names` searches bytes for the id
            return document | {"raw": document["raw"].encode("utf-8", "replace")}
    return document


def _names(payload: Any, account: Account) -> bool:
    """Tell whether a value of the payload is the account's id, or bytes of it contain the id."""
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
