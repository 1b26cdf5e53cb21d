"""Compute the expected content of Silver and Gold from the generator's ledger, in plain Python.

It shares no code with transforms, lakehouse or streaming, and does not follow the records one by
one. It asks which record of a post wins, so it holds for any split into batches.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import orjson
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

Row = dict[str, Any]
PostKey = tuple[str, str, str]  # owner, platform, post_key
AuthorKey = tuple[str, str, str]  # owner, platform, author_key
# owner, platform, channel, hour in microseconds since 1970
CellKey = tuple[str, str, str | None, int]
Compound = Callable[[str], float]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
HOUR = 3_600_000_000


@dataclass
class Cell:
    """A row of gold.sentiment_hourly without its key."""

    posts: int = 0
    positive: int = 0
    neutral: int = 0
    negative: int = 0
    mixed: int = 0
    unscored: int = 0
    compound_sum: int = 0
    compound_sumsq: int = 0
    author_keys: set[str] = field(default_factory=set)

    @property
    def authors(self) -> int:
        """Count distinct values exactly, without null."""
        return len(self.author_keys)

    def as_row(self) -> dict[str, int]:
        """Return the measures by column name."""
        return {name: value for name, value in vars(self).items() if name != "author_keys"} | {
            "authors": self.authors
        }


@dataclass
class Expected:
    """The expected lake after everything in the ledger was processed."""

    records: int
    live: dict[PostKey, Row]
    tombstones: dict[PostKey, int]
    author_tombstones: dict[AuthorKey, int]
    quarantined: Counter[str]
    hourly: dict[CellKey, Cell]


def expected(rows: Iterable[Row], compound: Compound | None = None) -> Expected:
    """Return the whole expectation, scored by VADER unless another scorer is given."""
    rows = list(rows)
    live = live_posts(rows)
    return Expected(
        records=len(rows),
        live=live,
        tombstones=tombstones(rows),
        author_tombstones=author_tombstones(rows),
        quarantined=Counter(row["reason"] for row in rows if row["fate"] == "quarantined"),
        hourly=sentiment_hourly(live.values(), compound),
    )


def read_rows(*ledgers: Path) -> list[Row]:
    """Return the rows of one or several ledgers, in the order in which they were sent."""
    return [orjson.loads(line) for ledger in ledgers for line in ledger.read_bytes().splitlines()]


def live_posts(rows: Iterable[Row]) -> dict[PostKey, Row]:
    """Return the winning record of each live post."""
    rows = list(rows)
    gone = author_tombstones(rows)
    best: dict[PostKey, tuple[tuple[int, bool, int], Row]] = {}
    for place, row in enumerate(rows):
        if (
            row["op"] not in ("upsert", "delete")
            or row["fate"] == "quarantined"
            or _is_blocked(row, gone)
        ):
            continue
        key = post_key(row)
        rank = (row["version"], row["op"] == "delete", -place)
        if key not in best or rank > best[key][0]:
            best[key] = (rank, row)
    return {key: row for key, (_, row) in best.items() if row["op"] == "upsert"}


def tombstones(rows: Iterable[Row]) -> dict[PostKey, int]:
    """Return the highest version of each post's deletes, also of posts that came back."""
    highest: dict[PostKey, int] = {}
    for row in rows:
        if row["op"] == "delete" and row["fate"] != "quarantined":
            highest[post_key(row)] = max(row["version"], highest.get(post_key(row), 0))
    return highest


def author_tombstones(rows: Iterable[Row]) -> dict[AuthorKey, int]:
    """Return the highest version of each author's deletes."""
    highest: dict[AuthorKey, int] = {}
    for row in rows:
        if row["op"] == "delete_author" and row["fate"] != "quarantined":
            key = (row["owner"], row["platform"], row["author_key"])
            highest[key] = max(row["version"], highest.get(key, 0))
    return highest


def sentiment_hourly(posts: Iterable[Row], compound: Compound | None = None) -> dict[CellKey, Cell]:
    """Return gold.sentiment_hourly over live posts.

    VADER scores them, or another scorer of English with the same thresholds.
    """
    compound = compound or vader_compound
    cells: dict[CellKey, Cell] = defaultdict(Cell)
    for post in posts:
        hour = post["posted_at"] // HOUR * HOUR
        cell = cells[post["owner"], post["platform"], post["channel"], hour]
        cell.posts += 1
        if post["author_key"] is not None:
            cell.author_keys.add(post["author_key"])
        text = scored_text(post)
        if text is None or post["lang"] not in (None, "en"):
            cell.unscored += 1
            continue
        score = compound(text)
        # half away from zero, as SQL does
        scaled = int(math.copysign(math.floor(abs(score) * 10_000 + 0.5), score))
        cell.compound_sum += scaled
        cell.compound_sumsq += scaled * scaled
        label = "positive" if score >= 0.05 else "negative" if score <= -0.05 else "neutral"
        setattr(cell, label, getattr(cell, label) + 1)
    return dict(cells)


def scored_text(post: Row) -> str | None:
    """Return title, blank line and text, or either alone; None if there is neither."""
    title = post["clean_title"]
    text = post["clean_text"]
    if title and text:
        return f"{title}\n\n{text}"
    return title or text or None


@cache
def vader_compound(text: str) -> float:
    """Return VADER's compound score, from the library itself."""
    return _vader().polarity_scores(text)["compound"]


def post_key(row: Row) -> PostKey:
    """Return the key of the post that a row is about."""
    return row["owner"], row["platform"], row["post_key"]


def _is_blocked(row: Row, gone: dict[AuthorKey, int]) -> bool:
    until = (
        gone.get((row["owner"], row["platform"], row["author_key"]))
        if row["op"] == "upsert"
        else None
    )
    if until is None:
        return False
    last_day = (EPOCH + timedelta(microseconds=until)).date().isoformat()
    return row["version"] <= until and row["day"] <= last_day


@cache
def _vader() -> SentimentIntensityAnalyzer:
    return SentimentIntensityAnalyzer()
