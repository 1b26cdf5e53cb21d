"""Find planted personal data after the sanitizer, in all table values and the files' bytes."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from foundation.settings import Settings
from ingestion.generator.planted_pii import KINDS
from tests.support.lake import JOBS, files_with, ops, rows_of
from transforms.pii.normalise import normalise

MARK = "canary"  # part of every invented name, account and address
CLEAN = (
    "silver.posts",
    "silver.tombstones",
    "gold.sentiment_hourly",
    *(f"ops.batches.{job}" for job in JOBS),
)
PAYLOAD = ("key", "headers", "value")


def kinds_missing(rows: Iterable[dict[str, Any]]) -> set[str]:
    """Return the kinds of personal data that were not made."""
    return set(KINDS) - {kind for row in rows for kind in row.get("pii", ())}


def needles_of(rows: Iterable[dict[str, Any]]) -> set[str]:
    """Return the mark, and the values made of digits, which have no mark.

    Values are there also without their disguise.
    """
    found = {MARK}
    for row in rows:
        for value in (row.get("canaries") or ())[-1:] if row.get("pii") else ():
            plain = normalise(value).text.lower()
            found |= {value.lower(), plain} if MARK not in plain else set()
    return found


def tables_with(settings: Settings, needles: set[str]) -> list[str]:
    """Return the columns that contain one of the needles, never the needle itself."""
    seen = [
        f"{name}.{column}"
        for name in CLEAN
        for column in _columns_with(rows_of(settings, name), needles)
    ]
    reasons = [
        {column: value for column, value in row.items() if column not in PAYLOAD}
        for row in rows_of(settings, "quarantine.posts")
    ]
    return seen + [f"quarantine.posts.{column}" for column in _columns_with(reasons, needles)]


def files_of_tables_with(settings: Settings, needle: str) -> list[str]:
    """Return the files of those tables, Delta's log included, that contain it as bytes."""
    folders = [settings.home / "lake" / layer for layer in ("silver", "gold", "ops")]
    return [found for folder in folders for found in files_with(folder, [needle.encode()])]


def masked_by_type(settings: Settings) -> tuple[Counter[str], Counter[str]]:
    """Count removed pieces of personal data.

    The first count is of all that was ever written, the second of the live posts.
    """
    ever = Counter[str]()
    now = Counter[str]()
    for batch in ops(settings, "bronze_to_silver"):
        ever.update(dict(batch["masked"]))
    for post in rows_of(settings, "silver.posts"):
        now.update(dict(post["pii"]))
    return ever, now


def keys_and_headers_with(settings: Settings, needles: set[str]) -> list[str]:
    """Return Kafka's data besides the payload, as Bronze has it: key or headers."""
    rows = [
        {"key": row["key"], "headers": row["headers"]} for row in rows_of(settings, "bronze.posts")
    ]
    return _columns_with(rows, needles)


def _columns_with(rows: list[dict[str, Any]], needles: set[str]) -> list[str]:
    assert rows, "an empty table proves nothing"
    found = []
    for column in rows[0]:
        content = "\n".join(_text(row[column]) for row in rows).lower()
        found += [column for needle in needles if needle in content][:1]
    return found


def _text(value: Any) -> str:
    """Return bytes as text, whatever their encoding."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, dict):
        return " ".join(f"{_text(name)} {_text(held)}" for name, held in value.items())
    if isinstance(value, list | tuple):
        return " ".join(map(_text, value))
    return str(value)
