"""Whose posts go nowhere: persons who had theirs erased, as the lake's files name them."""

import math
import time

from foundation.keys import PseudonymKey
from ingestion.platform import Mapped, Platform
from ingestion.privacy.tombstone_files import TombstoneFiles, TombstoneMatcher

_KNOWN_S = 60.0  # as long as a producer that reads live


class ErasedPersons:
    """Reads the files each minute, for each platform and owner that is asked about."""

    def __init__(self, tombstones: TombstoneFiles, key: PseudonymKey) -> None:
        """Read nothing yet."""
        self._tombstones = tombstones
        self._key = key
        self._known: dict[tuple[str, str], tuple[float, TombstoneMatcher]] = {}

    def __call__(self, platform: Platform, owner: str, mapped: Mapped, observed_at: int) -> bool:
        """Tell whether it belongs to what a person had erased.

        Raises:
            PayloadFileError: a file is damaged, so that nobody knows.
        """
        return self._matcher(platform, owner).blocks(mapped, observed_at)

    def _matcher(self, platform: Platform, owner: str) -> TombstoneMatcher:
        who = (platform.name, owner)
        read_at, matcher = self._known.get(who, (-math.inf, None))
        if matcher is None or time.monotonic() - read_at >= _KNOWN_S:
            persons = [part for part in self._tombstones.of(platform.name) if part.is_forever]
            matcher = TombstoneMatcher(platform, owner, self._key, persons)
            self._known[who] = (time.monotonic(), matcher)
        return matcher
