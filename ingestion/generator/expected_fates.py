"""What becomes of each record if Silver meets them one at a time, in the order in which they were sent."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from schemas.reasons import Fate

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class Held:
    """What is known of one post: the live record, and the highest version that a delete named."""

    version: int = -1
    event_id: str | None = None  # None: not live
    tombstone: int = -1
    delete_id: str | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """What of a record decides its fate."""

    author: tuple[str, str] | None  # platform, author's id
    event_id: str
    version: int
    day: str | None


@dataclass(slots=True)
class Fates:
    """The order rules of the design; the memory of authors that are gone."""

    gone: dict[tuple[str, str], int] = field(default_factory=dict)

    def blocks(self, author: tuple[str, str] | None, version: int, day: str | None) -> bool:
        """Whether the author's tombstone stands against a post."""
        until = self.gone.get(author) if author else None
        return (
            until is not None
            and version <= until
            and day is not None
            and day <= utc_date(until).isoformat()
        )

    def author_deleted(self, author: tuple[str, str], version: int) -> Fate:
        """The fate of an author's delete."""
        is_repeated = author in self.gone
        self.gone[author] = max(version, self.gone.get(author, -1))
        return Fate.DUPLICATE if is_repeated else Fate.DELETED

    def upserted(self, held: Held, claim: Claim) -> Fate:
        """The fate of a post or an edit."""
        self._forget(held, claim)
        if claim.version <= held.tombstone or self.blocks(claim.author, claim.version, claim.day):
            return Fate.SUPPRESSED
        if held.event_id == claim.event_id:
            held.version = max(held.version, claim.version)
            return Fate.DUPLICATE
        if held.event_id is not None and claim.version <= held.version:
            return Fate.STALE
        fate = Fate.NEW if held.event_id is None else Fate.EDITED
        held.version, held.event_id = claim.version, claim.event_id
        return fate

    def deleted(self, held: Held, claim: Claim) -> Fate:
        """The fate of a delete."""
        self._forget(held, claim)
        if held.event_id is not None and claim.version < held.version:
            return Fate.STALE
        is_repeated = held.event_id is None and held.delete_id == claim.event_id
        held.tombstone = max(held.tombstone, claim.version)
        held.delete_id, held.event_id, held.version = claim.event_id, None, -1
        return Fate.DUPLICATE if is_repeated else Fate.DELETED

    def _forget(self, held: Held, claim: Claim) -> None:
        """A live post whose author has gone meanwhile is live no more."""
        if held.event_id is not None and self.blocks(claim.author, held.version, claim.day):
            held.version, held.event_id = -1, None


def utc_date(micros: int) -> date:
    """The date of a time in microseconds since 1970."""
    return (_EPOCH + timedelta(microseconds=micros)).date()
