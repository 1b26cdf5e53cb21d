"""Carry out erasures in a producer: delete all that tombstones name from memory and landing files.

The producer does this at its start and between batches. The memory records an erasure only when it
is complete, so after a kill the next run repeats it. No later post of an erased person is sent,
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
    """Carries out the erasures of one platform's posts, for one owner."""

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
        """Store the arguments; `run` deletes.

        Args:
            platform: the platform.
            owner: the owner of the posts.
            key: the pseudonym key with its earlier versions.
            store: the producers' memory.
            tombstones: the lake's tombstone files.
            landing: the platform's landing files.
            store_identity: names this memory among all memories whose producers feed the lake.
            clock: returns microseconds since 1970.
        """
        self._platform = platform
        self._store = store
        self._tombstones = tombstones
        self._landing = landing
        self._owner = owner
        self._key = key
        self._by = hashlib.sha256(store_identity.encode()).hexdigest()[:12]
        self._clock = clock
        # Matches posts of erased persons; None if this platform has none.
        self._persons: TombstoneMatcher | None = None
        self._known: set[str] | None = None  # the ids of the last run's erasures
        self._ran_at = -math.inf

    def run_if_due(self) -> None:
        """Call `run` if the last call is a minute ago; raises as `run` does."""
        if time.monotonic() - self._ran_at >= _EACH_S:
            self._ran_at = time.monotonic()
            self.run()

    def suppresses(self, mapped: Mapped, observed_at: int) -> bool:
        """Return whether a mapped payload belongs to an erased person, as of the last run."""
        return self._persons is not None and self._persons.blocks(mapped, observed_at)

    def without_erased(
        self, batches: Iterable[SourceBatch], observed_at: int
    ) -> Iterator[SourceBatch]:
        """Yield the batches without payloads of erased persons, so that they may be landed."""
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
        """Carry out the erasures that are due, and return their number.

        If another process reads the memory's file, its bytes stay, and the next run tries again.

        Raises:
            PayloadFileError: a tombstone or landing file is damaged, so its content is unknown.
            IngestStoreError: the memory cannot be used.
        """
        every = list(self._tombstones.of(self._platform.name))
        persons = [part for part in every if part.is_forever]
        self._persons = self._matcher(persons) if persons else None
        if due := self._due(every):
            self._forget(due)
        return len(due)

    def _due(self, every: Sequence[TombstoneSet]) -> list[TombstoneSet]:
        """Return the erasures that are not complete, and those that are new to this process.

        Another process may have completed a new one, and this one may have saved posts since.
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
        """Carry out these erasures in one pass over files and memory, with counts for each."""
        matcher = _CountingMatcher(self._matcher, due)
        named = [part for part in due if part.posts or part.authors]
        has_posts = any(part.posts for part in due)
        if named:
            self._landing.strip(self._platform, matcher.block)
        if has_posts:
            self._store.delete_seen_posts(matcher.know_post)
        for part in named:
            self._report(part.erasure_id, matcher.counts(part.erasure_id))
        is_clean = not has_posts or self._store.wipe_deleted()  # otherwise the next run tries again
        for part in due:
            if is_clean or not part.posts:
                self._store.save({_mark(part.erasure_id): "done"}, (), now=self._clock())

    def _matcher(self, tombstones: Sequence[TombstoneSet]) -> TombstoneMatcher:
        return TombstoneMatcher(self._platform, self._owner, self._key, tombstones)

    def _report(self, erasure_id: str, counts: dict[str, int]) -> None:
        self._tombstones.record_done(erasure_id, self._platform.name, self._by, counts)
        get_log("ingest").info("erased", platform=self._platform.name, erasure=erasure_id, **counts)


class _CountingMatcher:
    """Matches the tombstones of several erasures at once, and counts the matches of each."""

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
                next(name for name, matcher in self._each if matcher.blocks(mapped, observed_at))
            ] += 1
        return is_blocked

    def know_post(self, post_id: str) -> bool:
        is_known = self._anyone.knows_post(post_id)
        if is_known:
            self._known[
                next(name for name, matcher in self._each if matcher.knows_post(post_id))
            ] += 1
        return is_known

    def counts(self, erasure_id: str) -> dict[str, int]:
        return {"landed": self._landed[erasure_id], "sightings": self._known[erasure_id]}


def store_identity(settings: Settings) -> str:
    """Return a name for the memory: its server's address or its home; publish only its hash."""
    address = settings.ingest.store
    return address.get_secret_value() if address else str(settings.home)


def _mark(erasure_id: str) -> str:
    return f"erasure/{erasure_id}"
