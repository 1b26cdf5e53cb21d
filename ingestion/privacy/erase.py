"""Erasures in a producer: its memory and landing files lose everything that tombstones name.

It runs at the start and between two batches. An erasure counts as done only when its mark stands in
the memory, so the next run repairs a kill anywhere. No later post of an erased person is sent,
saved or landed.
"""

import hashlib
import math
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from foundation.keys import PseudonymKey
from foundation.logs import get_log
from foundation.settings import Settings
from ingestion.platform import Mapped, Platform
from ingestion.privacy.tombstone_files import TombstoneFiles, TombstoneMatcher, TombstoneSet
from ingestion.reader import SourceBatch
from ingestion.recordings.landing import Landing, without_blocked
from ingestion.state.store import IngestStore

_EACH_S = 60.0


class ProducerErasure:
    """One platform's, for one owner."""

    def __init__(
        self,
        platform: Platform,
        *,
        owner: str,
        key: PseudonymKey,
        store: IngestStore,
        tombstones: TombstoneFiles,
        landing: Landing,
        store_identity: str,
        clock: Callable[[], int],
    ) -> None:
        """Do nothing yet.

        Args:
            platform: which.
            owner: whose posts.
            key: the pseudonym key; those before it count too.
            store: the producers' memory.
            tombstones: what is erased.
            landing: the platform's landing files.
            store_identity: which memory this is, of all that work for the lake.
            clock: microseconds since 1970.
        """
        self._platform = platform
        self._store = store
        self._tombstones = tombstones
        self._landing = landing
        self._owner = owner
        self._key = key
        self._by = hashlib.sha256(store_identity.encode()).hexdigest()[:12]
        self._clock = clock
        # Matches what persons had erased; None where nobody of this platform did.
        self._persons: TombstoneMatcher | None = None
        self._known: set[str] | None = None  # the erasures of the last run
        self._ran_at = -math.inf

    def run_if_due(self) -> None:
        """Run, each minute; raises as `run` does."""
        if time.monotonic() - self._ran_at >= _EACH_S:
            self._ran_at = time.monotonic()
            self.run()

    def suppresses(self, mapped: Mapped, observed_at: int) -> bool:
        """Return whether it belongs to what a person had erased, as of the last run."""
        return self._persons is not None and self._persons.blocks(mapped, observed_at)

    def without_erased(
        self, batches: Iterable[SourceBatch], observed_at: int
    ) -> Iterator[SourceBatch]:
        """Yield the batches without erased payloads, so that they may be landed."""
        for batch in batches:
            self.run_if_due()  # a fetch may take hours
            left = [
                without_blocked(self._platform, document, observed_at, self.suppresses)[0]
                for document in batch.documents
            ]
            yield replace(
                batch, documents=[document for documents in left for document in documents]
            )

    def run(self) -> int:
        """Carry out the erasures that are due and return their number.

        If another process holds the store open, the next run finishes.

        Raises:
            PayloadFileError: a landing file is damaged, so that nobody knows what is in it.
            IngestStoreError: the memory cannot be used.
        """
        every = list(self._tombstones.of(self._platform.name))
        persons = [part for part in every if part.is_forever]
        self._persons = self._matcher(persons) if persons else None
        if due := self._due(every):
            self._forget(due)
        return len(due)

    def _due(self, every: Sequence[TombstoneSet]) -> list[TombstoneSet]:
        """Return the erasures without a mark, and those that this process learns of only now.

        For the latter it may have saved posts since another process set the mark.
        """
        before = self._known
        self._known = {part.erasure_id for part in every}
        return [
            part
            for part in every
            if self._store.cursor(_mark(part.erasure_id)) is None
            or (before is not None and part.is_forever and part.erasure_id not in before)
        ]

    def _forget(self, due: Sequence[TombstoneSet]) -> None:
        """Delete for all of them in one pass over files and memory; each has its own counts."""
        judges = _CountingMatcher(self._matcher, due)
        named = [part for part in due if part.posts or part.authors]
        has_posts = any(part.posts for part in due)
        if named:
            self._landing.strip(self._platform, judges.block)
        if has_posts:
            self._store.delete_seen_posts(judges.know_post)
        for part in named:
            self._say(part.erasure_id, judges.counts(part.erasure_id))
        is_clean = not has_posts or self._store.wipe_deleted()  # otherwise the next run marks them
        for part in due:
            if is_clean or not part.posts:
                self._store.save({_mark(part.erasure_id): "done"}, (), now=self._clock())

    def _matcher(self, tombstones: Sequence[TombstoneSet]) -> TombstoneMatcher:
        return TombstoneMatcher(self._platform, self._owner, self._key, tombstones)

    def _say(self, erasure_id: str, counts: dict[str, int]) -> None:
        self._tombstones.record_done(erasure_id, self._platform.name, self._by, counts)
        get_log("ingest").info("erased", platform=self._platform.name, erasure=erasure_id, **counts)


class _CountingMatcher:
    """Erasures as one judge, which counts for each of them what it has condemned."""

    def __init__(
        self,
        matcher: Callable[[Sequence[TombstoneSet]], TombstoneMatcher],
        due: Sequence[TombstoneSet],
    ) -> None:
        self._each = [(tombstones.erasure_id, matcher([tombstones])) for tombstones in due]
        self._anyone = matcher(due)
        self._landed = Counter[str]()
        self._known = Counter[str]()

    def block(self, mapped: Mapped, observed_at: int) -> bool:
        is_blocked = self._anyone.blocks(mapped, observed_at)
        if is_blocked:
            self._landed[
                next(name for name, judge in self._each if judge.blocks(mapped, observed_at))
            ] += 1
        return is_blocked

    def know_post(self, post_id: str) -> bool:
        is_known = self._anyone.knows_post(post_id)
        if is_known:
            self._known[next(name for name, judge in self._each if judge.knows_post(post_id))] += 1
        return is_known

    def counts(self, erasure_id: str) -> dict[str, int]:
        return {"landed": self._landed[erasure_id], "sightings": self._known[erasure_id]}


def store_identity(settings: Settings) -> str:
    """Return which memory this is, of a home or of a server; only its hash is published."""
    address = settings.ingest.store
    return address.get_secret_value() if address else str(settings.home)


def _mark(erasure_id: str) -> str:
    return f"erasure/{erasure_id}"
