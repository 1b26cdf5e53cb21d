"""Store the producers' memory: cursors, gaps and spans (the ledger), sightings, and spending.

It holds ids of posts and no texts. Ids can name people, so only its owner may read it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import astuple
from pathlib import Path
from typing import Self

from ingestion.reader import LOST, Gap, GapReason, SeenPost, Span
from ingestion.state.databases import Database, PostgresServer, Row, SqliteFile
from ingestion.state.spans import Stretch, merged, without

_SCHEMA = """
CREATE TABLE IF NOT EXISTS cursors (
  owner TEXT NOT NULL,
  platform TEXT NOT NULL,
  source TEXT NOT NULL,
  cursor TEXT NOT NULL,
  saved_at BIGINT NOT NULL,
  PRIMARY KEY (owner, platform, source));
CREATE TABLE IF NOT EXISTS gaps (
  owner TEXT NOT NULL,
  platform TEXT NOT NULL,
  source TEXT NOT NULL,
  since BIGINT NOT NULL,
  until BIGINT NOT NULL,
  reason TEXT NOT NULL,
  noted_at BIGINT NOT NULL,
  PRIMARY KEY (owner, platform, source, since, reason));
CREATE TABLE IF NOT EXISTS spans (
  owner TEXT NOT NULL,
  platform TEXT NOT NULL,
  source TEXT NOT NULL,
  since BIGINT NOT NULL,
  until BIGINT NOT NULL,
  PRIMARY KEY (owner, platform, source, since));
CREATE TABLE IF NOT EXISTS sightings (
  owner TEXT NOT NULL,
  platform TEXT NOT NULL,
  post_id TEXT NOT NULL,
  source TEXT NOT NULL,
  native_id TEXT NOT NULL,
  event_id TEXT NOT NULL,
  version BIGINT NOT NULL,
  day TEXT,
  seen_at BIGINT NOT NULL,
  checked_at BIGINT NOT NULL,
  is_gone INTEGER NOT NULL,
  PRIMARY KEY (owner, platform, post_id));
CREATE INDEX IF NOT EXISTS sightings_by_native_id
  ON sightings (owner, platform, source, native_id);
CREATE INDEX IF NOT EXISTS sightings_by_check ON sightings (owner, platform, checked_at);
CREATE TABLE IF NOT EXISTS spending (
  owner TEXT NOT NULL,
  platform TEXT NOT NULL,
  unit TEXT NOT NULL,
  period TEXT NOT NULL,
  spent DOUBLE PRECISION NOT NULL,
  PRIMARY KEY (owner, platform, unit, period));
"""
_AT_ONCE = 10_000
_SPANS_NEAR = (
    "SELECT since, until FROM spans WHERE owner = ? AND platform = ? AND source = ?"
    " AND until >= ? AND since <= ? ORDER BY since"
)
_IDS = (
    "SELECT post_id FROM sightings WHERE owner = ? AND platform = ? AND post_id > ?"
    " ORDER BY post_id LIMIT ?"
)
_SIGHTINGS = (
    "SELECT post_id, source, native_id, event_id, version, day, seen_at, checked_at, is_gone"
    " FROM sightings WHERE owner = ? AND platform = ?"
)


class IngestStore:
    """The memory of one platform's producer for one owner; a context manager."""

    def __init__(self, location: Path | str, *, owner: str, platform: str) -> None:
        """Open or create the database.

        Args:
            location: a file, or the address of a PostgreSQL database, postgresql://….
            owner: the owner of the posts.
            platform: the platform's name.

        Raises:
            IngestStoreError: the file is damaged, or the database cannot be used.
            IngestStoreUnreachableError: the server does not answer.
            SettingsError: psycopg is not installed.
        """
        self._who = (owner, platform)
        self._base: Database = (
            PostgresServer(location, _SCHEMA)
            if isinstance(location, str)
            else SqliteFile(location, _SCHEMA)
        )

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the database."""
        self._base.close()

    def claim(self, role: str) -> None:
        """Claim this role exclusively until closed; for a file, the home's lock file does that.

        Raises:
            UsageError: another process has this role.
        """
        self._base.claim(f"{self._who[0]} {role} {self._who[1]}")

    def cursor(self, source: str) -> str | None:
        """Return the saved cursor of a source; None if it was never read."""
        row = self._one(
            "SELECT cursor FROM cursors WHERE owner = ? AND platform = ? AND source = ?", source
        )
        return None if row is None else str(row[0])

    def save(
        self,
        cursors: Mapping[str, str],
        gaps: Sequence[Gap],
        *,
        now: int,
        covered: Sequence[Span] = (),
    ) -> None:
        """Save cursors, gaps and covered spans in one transaction.

        Call it only after Kafka has acknowledged the records up to these cursors. `now` is in
        microseconds since 1970.
        """
        old, new = self._changed_spans(covered, gaps)
        with self._base.transaction() as sql:
            sql.run_many(
                "INSERT INTO cursors VALUES (?, ?, ?, ?, ?) ON CONFLICT (owner, platform, source)"
                " DO UPDATE SET cursor = excluded.cursor, saved_at = excluded.saved_at",
                [(*self._who, source, cursor, now) for source, cursor in cursors.items()],
            )
            sql.run_many(
                "INSERT INTO gaps VALUES (?, ?, ?, ?, ?, ?, ?)"
                " ON CONFLICT (owner, platform, source, since, reason)"
                " DO UPDATE SET until = excluded.until",
                [
                    (*self._who, gap.source, gap.since, gap.until, gap.reason.value, now)
                    for gap in gaps
                ],
            )
            sql.run_many(
                "DELETE FROM spans WHERE owner = ? AND platform = ? AND source = ? AND since = ?",
                [(*self._who, span.source, span.since) for span in old],
            )
            sql.run_many(
                "INSERT INTO spans VALUES (?, ?, ?, ?, ?)",
                [(*self._who, span.source, span.since, span.until) for span in new],
            )

    def discard_cursors(self, *, now: int) -> int:
        """Delete every cursor, record the time since as a gap, and return the number of sources."""
        rows = self._all("SELECT source, saved_at FROM cursors WHERE owner = ? AND platform = ?")
        gaps = [
            Gap(source=source, since=saved_at, until=now, reason=GapReason.CURSOR_DISCARDED)
            for source, saved_at in rows
        ]
        self.save({}, gaps, now=now)
        with self._base.transaction() as sql:
            sql.run("DELETE FROM cursors WHERE owner = ? AND platform = ?", self._who)
        return len(rows)

    def gaps(self) -> list[Gap]:
        """Return the gaps of the producers' ledger, oldest first."""
        rows = self._all(
            "SELECT source, since, until, reason FROM gaps WHERE owner = ? AND platform = ?"
            " ORDER BY since, source"
        )
        return [
            Gap(source=source, since=since, until=until, reason=GapReason(reason))
            for source, since, until, reason in rows
        ]

    def spans(self) -> list[Span]:
        """Return when each source was read completely, oldest first; at other times it was not."""
        rows = self._all(
            "SELECT source, since, until FROM spans WHERE owner = ? AND platform = ?"
            " ORDER BY since, source"
        )
        return [Span(source=source, since=since, until=until) for source, since, until in rows]

    def _changed_spans(
        self, covered: Sequence[Span], gaps: Sequence[Gap]
    ) -> tuple[list[Span], list[Span]]:
        """Return the spans to delete and to insert; covered time joins spans, lost time cuts."""
        old = []
        new = []
        lost = [gap for gap in gaps if gap.reason in LOST]
        for source in {span.source for span in covered} | {gap.source for gap in lost}:
            read: list[Stretch] = [
                (span.since, span.until) for span in covered if span.source == source
            ]
            holes = [(gap.since, gap.until) for gap in lost if gap.source == source]
            begin = min(since for since, _ in (*read, *holes))
            end = max(until for _, until in (*read, *holes))
            saved = [
                (int(since), int(until))
                for since, until in self._all(_SPANS_NEAR, source, begin, end)
            ]
            changed = without(merged([*saved, *read]), holes)
            if changed != saved:
                old += [Span(source=source, since=since, until=until) for since, until in saved]
                new += [Span(source=source, since=since, until=until) for since, until in changed]
        return old, new

    def seen_posts(self, post_ids: Iterable[str]) -> dict[str, SeenPost]:
        """Return the sightings of these posts by post id, for those that have one."""
        posts: dict[str, SeenPost] = {}
        for post_id in filter(_is_storable, post_ids):
            row = self._one(_SIGHTINGS + " AND post_id = ?", post_id)
            if row is not None:
                posts[post_id] = SeenPost(*row)
        return posts

    def all_seen_posts(self) -> list[SeenPost]:
        """Return all sightings, also of deleted posts."""
        return [SeenPost(*row) for row in self._all(_SIGHTINGS)]

    def by_native_id(self, source: str, native_id: str) -> SeenPost | None:
        """Return the sighting of the post with this id at the source; None if there is none."""
        if not _is_storable(native_id):
            return None
        row = self._one(_SIGHTINGS + " AND source = ? AND native_id = ?", source, native_id)
        return None if row is None else SeenPost(*row)

    def save_seen_posts(self, sightings: Iterable[SeenPost]) -> None:
        """Save sightings before the posts are sent, so that a resend after a crash is the same.

        A post whose id no database can store is skipped, so that it does not stop the producer.
        """
        sightings = [
            post
            for post in sightings
            if _is_storable(post.post_id) and _is_storable(post.native_id)
        ]
        with self._base.transaction() as sql:
            sql.run_many(
                "INSERT INTO sightings (owner, platform, post_id, source, native_id, event_id,"
                " version, day, seen_at, checked_at, is_gone)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
                " ON CONFLICT (owner, platform, post_id) DO UPDATE SET source = excluded.source,"
                " native_id = excluded.native_id, event_id = excluded.event_id,"
                " version = excluded.version, day = excluded.day,"
                " checked_at = excluded.checked_at, is_gone = excluded.is_gone",
                [
                    (*self._who, *astuple(sighting)[:-1], int(sighting.is_gone))
                    for sighting in sightings
                ],
            )

    def mark_checked(self, post_ids: Iterable[str], *, now: int) -> None:
        """Record that a sweep checked these posts, even if the answer did not mention them."""
        with self._base.transaction() as sql:
            sql.run_many(
                "UPDATE sightings SET checked_at = ?"
                " WHERE owner = ? AND platform = ? AND post_id = ?",
                [(now, *self._who, post_id) for post_id in post_ids],
            )

    def unchecked(self, *, since: int, limit: int) -> list[SeenPost]:
        """Return posts that are not deleted and were not checked since then, oldest check first."""
        order = " AND is_gone = 0 AND checked_at < ? ORDER BY checked_at, post_id LIMIT ?"
        return [SeenPost(*row) for row in self._all(_SIGHTINGS + order, since, limit)]

    def due_for_check(self, *, now: int, first: int, limit: int) -> list[SeenPost]:
        """Return posts that are not deleted and are due for a check, oldest check first.

        A post is due `first` microseconds after its last check, or later, when a quarter of its age
        has passed since.
        """
        rows = self._all(
            _SIGHTINGS + " AND is_gone = 0 AND ? - checked_at >= ?"
            " AND (? - checked_at) * 4 >= ? - seen_at ORDER BY checked_at, post_id LIMIT ?",
            now,
            first,
            now,
            now,
            limit,
        )
        return [SeenPost(*row) for row in rows]

    def delete_seen_before(self, *, before: int) -> int:
        """Delete the sightings of posts first seen before that time; return their number."""
        with self._base.transaction() as sql:
            return sql.run(
                "DELETE FROM sightings WHERE owner = ? AND platform = ? AND seen_at < ?",
                (*self._who, before),
            )

    def delete_seen_posts(self, is_gone: Callable[[str], bool]) -> int:
        """Delete the sightings of posts for whose id `is_gone` is true; return their number."""
        deleted = 0
        last = ""
        while rows := self._all(_IDS, last, _AT_ONCE):
            ids = [str(row[0]) for row in rows]
            last = ids[-1]
            gone = [(*self._who, post_id) for post_id in ids if is_gone(post_id)]
            deleted += len(gone)
            with self._base.transaction() as sql:
                sql.run_many(
                    "DELETE FROM sightings WHERE owner = ? AND platform = ? AND post_id = ?", gone
                )
        return deleted

    def wipe_deleted(self) -> bool:
        """Remove the bytes of deleted sightings; False, for now, if another process reads."""
        return self._base.wipe_deleted("sightings")

    def spent(self, unit: str, period: str) -> float:
        """Return the amount of a unit spent in a period, such as `2026-11` or `2026-11-21`."""
        row = self._one(
            "SELECT spent FROM spending"
            " WHERE owner = ? AND platform = ? AND unit = ? AND period = ?",
            unit,
            period,
        )
        return 0.0 if row is None else float(row[0])

    def spend(self, unit: str, period: str, amount: float) -> None:
        """Add an amount to that spent in a period."""
        with self._base.transaction() as sql:
            sql.run(
                "INSERT INTO spending VALUES (?, ?, ?, ?, ?)"
                " ON CONFLICT (owner, platform, unit, period)"
                " DO UPDATE SET spent = spending.spent + excluded.spent",
                (*self._who, unit, period, amount),
            )

    def _one(self, statement: str, *values: object) -> Row | None:
        return next(iter(self._all(statement, *values)), None)

    def _all(self, statement: str, *values: object) -> list[Row]:
        return self._base.rows(statement, (*self._who, *values))


def _is_storable(text: str) -> bool:
    """Return whether a database can store a text: no lone surrogates, no NUL (PostgreSQL)."""
    return "\x00" not in text and not any("\ud800" <= char <= "\udfff" for char in text)
