"""Write a lake of a few posts by deltalake alone, for tests of what reads lakes.

Silver has the posts, Gold the cells that they make, `ops.batches` a batch of each job, quarantine
the records that a test names. Each change is a commit of each of its tables, as the jobs make them.
"""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, write_deltalake

from lakehouse.delta.driver_rows import arrow_schema
from schemas.stored_names import SILVER_VERSION
from schemas.tables import (
    BRONZE_POSTS,
    GOLD_SENTIMENT_HOURLY,
    JOBS,
    QUARANTINE_POSTS,
    SILVER_POSTS,
    Table,
    ops_batches,
)

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)  # a Wednesday
_LABELS = ("positive", "neutral", "negative", "mixed")
_COMPOUND = {"positive": 0.6, "neutral": 0.0, "negative": -0.5, "mixed": 0.1}
_FATES = ("new", "edited", "deleted", "duplicate", "stale", "suppressed", "quarantined")


@dataclass(frozen=True)
class MadePost:
    """A post of a small lake. `label` None means a post without a label."""

    name: str
    platform: str = "bluesky"
    channel: str | None = "coffee"
    posted_at: datetime = NOON
    label: str | None = "positive"
    text: str | None = "A good coffee."
    title: str | None = None
    lang: str | None = "en"
    author: str = "a"
    owner: str = "public"
    may_display: bool = True
    metrics: Mapping[str, int] = field(default_factory=dict)
    url: str | None = None

    @property
    def event_id(self) -> str:
        return hashlib.sha256(self.name.encode()).hexdigest()[:32]


@dataclass
class SmallLake:
    """A lake below a home, as `Settings(home=…)` finds it."""

    home: Path
    posts: list[MadePost] = field(default_factory=list)
    next_offset: int = 0

    @property
    def uri(self) -> str:
        return str(self.home / "lake")

    def add(self, *posts: MadePost) -> None:
        """Commit posts: the new ones to Bronze and Silver, all cells again to Gold."""
        self.posts.extend(posts)
        numbered = list(enumerate(posts, self.next_offset))
        self.next_offset += len(posts)
        self._write(BRONZE_POSTS, [_bronze_row(post, offset) for offset, post in numbered])
        silver = self._write(SILVER_POSTS, [_silver_row(post, offset) for offset, post in numbered])
        self._write(
            GOLD_SENTIMENT_HOURLY,
            _cells(self.posts),
            mode="overwrite",
            metadata={SILVER_VERSION: str(silver)},
        )

    def forget(self, name: str) -> None:
        """Delete a post, as a platform's delete does."""
        self.posts = [post for post in self.posts if post.name != name]
        table = DeltaTable(f"{self.uri}/{SILVER_POSTS.folder}")
        table.delete(f"post_key = '{_pseudonym(name)}'")
        self._write(
            GOLD_SENTIMENT_HOURLY,
            _cells(self.posts),
            mode="overwrite",
            metadata={SILVER_VERSION: str(table.version())},
        )

    def batch(self, *, ended_at: datetime = NOON, lag: int = 0, **fates: int) -> None:
        """Commit a batch of each job. Fates that are not named are zero."""
        for job in JOBS:
            self._write(ops_batches(job), [_batch(job, ended_at, lag, fates)])

    def quarantine(self, records: Mapping[tuple[str, str], int]) -> None:
        """Commit so many records by platform and reason."""
        kinds = [kind for kind, number in records.items() for _ in range(number)]
        rows = [
            {
                "topic": f"social.{platform}.posts.v1",
                "partition": 0,
                "offset": offset,
                "kafka_timestamp": NOON,
                "platform": platform,
                "stage": "decode",
                "reason": reason,
                "rule_version": 1,
                "attempt": 1,
                "key": b"",
                "headers": [],
                "value": b"{",
                "at": NOON,
            }
            for offset, (platform, reason) in enumerate(kinds)
        ]
        self._write(QUARANTINE_POSTS, rows)

    def _write(
        self,
        table: Table,
        rows: Sequence[Mapping[str, Any]],
        *,
        mode: Any = "append",
        metadata: dict[str, str] | None = None,
    ) -> int:
        uri = f"{self.uri}/{table.folder}"
        write_deltalake(
            uri,
            pa.Table.from_pylist(list(rows), schema=arrow_schema(table.schema)),
            mode=mode,
            partition_by=list(table.partition_by) or None,
            # Spark's jobs write theirs to the same folder.
            commit_properties=CommitProperties(
                custom_metadata={"userMetadata": json.dumps(metadata)} if metadata else None
            ),
        )
        return DeltaTable(uri).version()


def week_of_posts(
    end: datetime = NOON, *, each: int = 12, platforms: Iterable[str] = ("bluesky", "reddit")
) -> list[MadePost]:
    """Return posts of every day of a week, of many authors and with every label."""
    made = []
    for day in range(7):
        for number in range(each):
            for platform in platforms:
                at = end - timedelta(days=day, hours=number % 10, minutes=number)
                label = (*_LABELS, None)[(number + day) % 5]
                made.append(
                    MadePost(
                        f"{platform}-{day}-{number}",
                        platform=platform,
                        channel=("coffee", "tea")[number % 2],
                        posted_at=at,
                        label=label,
                        text=f"Post {number} of day {day} on {platform}.",
                        author=f"author-{number}",
                    )
                )
    return made


def _pseudonym(name: str) -> str:
    digest = hashlib.sha256(name.encode()).hexdigest()[:26]
    return "v1:" + digest.translate(str.maketrans("0189", "wxyz"))


def _event(post: MadePost) -> bytes:
    return json.dumps({"event_id": post.event_id, "url": post.url}).encode()


def _bronze_row(post: MadePost, offset: int) -> dict[str, Any]:
    return {
        **_coordinates(post, offset),
        "kafka_timestamp": post.posted_at,
        "ingest_date": post.posted_at.date(),
        "platform": post.platform,
        "op": "upsert",
        "post_key": _pseudonym(post.name),
        "value": _event(post),
    }


def _coordinates(post: MadePost, offset: int) -> dict[str, Any]:
    return {"topic": f"social.{post.platform}.posts.v1", "partition": 0, "offset": offset}


def _silver_row(post: MadePost, offset: int) -> dict[str, Any]:
    scored = post.label is not None
    return {
        "owner": post.owner,
        "platform": post.platform,
        "post_key": _pseudonym(post.name),
        "version": 1,
        "event_id": post.event_id,
        "day": post.posted_at.date(),
        "created_at": post.posted_at,
        "observed_at": post.posted_at,
        "posted_at": post.posted_at,
        "author_key": _pseudonym(post.author),
        "channel": post.channel,
        "title": post.title,
        "text": post.text,
        "lang": post.lang,
        "metrics": list(post.metrics.items()),
        "sentiment": {
            "label": post.label,
            "compound": _COMPOUND[post.label] if post.label else None,
            "confidence": 0.8 if scored else None,
            "scorer": "vader",
            "scorer_version": "test",
            "reason": None if scored else "language",
        },
        "pii": [],
        "rights": {
            "indexable": True,
            "may_train": False,
            "may_display": post.may_display,
            "may_export": False,
        },
        "sanitizer_version": "test",
        "bronze": _coordinates(post, offset),
        "processed_at": post.posted_at,
    }


def _cells(posts: Iterable[MadePost]) -> list[dict[str, Any]]:
    groups: dict[tuple[Any, ...], list[MadePost]] = defaultdict(list)
    for post in posts:
        hour = post.posted_at.replace(minute=0, second=0, microsecond=0)
        groups[post.owner, post.platform, post.channel, hour].append(post)
    return [_cell(key, group) for key, group in groups.items()]


def _cell(key: tuple[Any, ...], group: Sequence[MadePost]) -> dict[str, Any]:
    owner, platform, channel, hour = key
    labels = Counter(post.label or "unscored" for post in group)
    compounds = [round(_COMPOUND[post.label] * 10_000) for post in group if post.label]
    return {
        "owner": owner,
        "platform": platform,
        "channel": channel,
        "hour": hour,
        "posts": len(group),
        **{label: labels[label] for label in (*_LABELS, "unscored")},
        "compound_sum": sum(compounds),
        "compound_sumsq": sum(compound**2 for compound in compounds),
        "authors": len({post.author for post in group}),
    }


def _batch(job: str, ended_at: datetime, lag: int, fates: Mapping[str, int]) -> dict[str, Any]:
    counted = {name: fates.get(name, 0) for name in _FATES}
    return {
        "query": job,
        "batch_id": 0,
        "checkpoint_id": "test",
        "started_at": ended_at - timedelta(seconds=2),
        "ended_at": ended_at,
        "consumed": sum(counted.values()),
        **counted,
        "rows_removed": 0,
        "table_versions": [],
        "input_rows_per_s": 100.0,
        "lag_records": lag if job == "topic_to_bronze" else None,
        "masked": [],
    }
