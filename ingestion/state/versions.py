"""Assign versions by the sightings of earlier posts.

So an edit that the platform does not date gets a later version, and a delete gets its post's day.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date

from ingestion.kafka.records import RecordMaker
from ingestion.platform import AuthorDelete, Platform, Post, Unmappable
from ingestion.reader import SeenPost
from ingestion.state.store import IngestStore

Item = Post | AuthorDelete | Unmappable

_RESTORED_AFTER = 600_000_000  # µs; a post that returns sooner after its delete came from a cache


class VersionAssigner:
    """Assigns versions to one platform's posts; without `native_id` the mapper's versions stay."""

    def __init__(self, platform: Platform, maker: RecordMaker, store: IngestStore) -> None:
        self._platform = platform
        self._maker = maker
        self._store = store

    def assign(
        self, items: Iterable[Item], source: str, observed_at: int, *, is_recorded: bool = False
    ) -> list[Item]:
        """Return the items with their versions, after saving them so that a resend has the same.

        It leaves out a post that returns right after its delete, and an older version of an edited
        post. It also leaves out a recorded post (`is_recorded`) if a later observation differs.
        `observed_at` is in microseconds since 1970.
        """
        items = list(items)
        if self._platform.native_id is None:
            return items
        known = self._store.seen_posts(item.post_id for item in items if isinstance(item, Post))
        dated: list[Item] = []
        for item in items:
            if not isinstance(item, Post):
                dated.append(item)
                continue
            post, known[item.post_id] = self._compared(
                item, known.get(item.post_id), source, observed_at, is_recorded=is_recorded
            )
            dated += [post] if post else []
        self._store.save_seen_posts(known.values())
        return dated

    def _compared(
        self, post: Post, last: SeenPost | None, source: str, observed_at: int, *, is_recorded: bool
    ) -> tuple[Post | None, SeenPost]:
        event_ids = self._maker.event_ids(post)
        event_id = event_ids[0]
        if last is None:
            return post, self._first(post, event_id, source, observed_at)
        is_same = last.event_id in event_ids  # the sighting may be older than the key's rotation
        if post.day is None and last.day is not None:
            post = replace(post, day=date.fromisoformat(last.day))
        if is_recorded and observed_at < last.checked_at and not is_same:
            return None, last
        if is_same:
            post = replace(post, version=max(post.version, last.version))
        elif last.is_gone and observed_at - last.checked_at < _RESTORED_AFTER:
            return None, last  # the platform answered from a cache
        elif post.version <= last.version:
            if self._platform.dates_edits and not last.is_gone and post.op == "upsert":
                return None, last  # an older version
            post = replace(post, version=max(observed_at, last.version + 1))
        return post, replace(
            last,
            event_id=event_id,
            version=post.version,
            day=self._maker.day(post, observed_at),
            checked_at=observed_at,
            is_gone=post.op == "delete",
        )

    def _first(self, post: Post, event_id: str, source: str, observed_at: int) -> SeenPost:
        native_id = self._platform.native_id(post.raw) if self._platform.native_id else ""
        return SeenPost(
            post_id=post.post_id,
            source=source,
            native_id=native_id or post.post_id,
            event_id=event_id,
            version=post.version,
            day=self._maker.day(post, observed_at),
            seen_at=observed_at,
            checked_at=observed_at,
            is_gone=post.op == "delete",
        )
