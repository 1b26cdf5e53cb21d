"""Find the pushed items of erased persons, so that none of them reaches Kafka."""

import math
import time

from foundation.keys import PseudonymKey
from ingestion.platform import Mapped, Platform
from ingestion.privacy.tombstone_files import TombstoneFiles, TombstoneMatcher

_KNOWN_S = 60.0  # until the files are read again, as in a live producer


class ErasedPersons:
    """Tells which items belong to erased persons; reads the tombstone files again each minute."""

    def __init__(self, tombstones: TombstoneFiles, key: PseudonymKey) -> None:
        """Store the arguments; the first item makes it read the files."""
        self._tombstones = tombstones
        self._key = key
        self._known: dict[tuple[str, str], tuple[float, TombstoneMatcher]] = {}

    def __call__(self, platform: Platform, owner: str, mapped: Mapped, observed_at: int) -> bool:
        """Return whether a mapped payload belongs to a person whose posts were erased.

        Raises:
            PayloadFileError: a tombstone file is damaged, so the answer is unknown.
        """
        return self._matcher(platform, owner).blocks(mapped, observed_at)

    def _matcher(self, platform: Platform, owner: str) -> TombstoneMatcher:
        known_by = (platform.name, owner)
        read_at, matcher = self._known.get(known_by, (-math.inf, None))
        if matcher is None or time.monotonic() - read_at >= _KNOWN_S:
            persons = [part for part in self._tombstones.of(platform.name) if part.is_forever]
            matcher = TombstoneMatcher(platform, owner, self._key, persons)
            self._known[known_by] = (time.monotonic(), matcher)
        return matcher
