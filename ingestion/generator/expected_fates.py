"""Compute the fate of each record, as if Silver received the records one by one as sent.

This repeats the jobs' rules in plain Python, without their code, so that tests can compare both.
"""

from dataclasses import dataclass, field
from datetime import date

from schemas.epoch import to_datetime
from schemas.reasons import Fate


@dataclass(slots=True)
class PostState:
    """The state of a post in Silver: its live record, and the highest version of a delete."""

    version: int = -1
    event_id: str | None = None  # None: not live
    tombstone: int = -1
    delete_id: str | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """The parts of a record that decide its fate."""

    author: tuple[str, str] | None  # platform and author's id
    event_id: str
    version: int
    day: str | None


@dataclass(slots=True)
class ExpectedFates:
    """The rules by which versions and tombstones decide a record's fate."""

    gone: dict[tuple[str, str], int] = field(default_factory=dict)  # deleted authors, up to when

    def blocks(self, author: tuple[str, str] | None, version: int, day: str | None) -> bool:
        """Return whether the author's tombstone blocks a post."""
        until = self.gone.get(author) if author else None
        return (
            until is not None
            and version <= until
            and day is not None
            and day <= utc_date(until).isoformat()
        )

    def author_deleted(self, author: tuple[str, str], version: int) -> Fate:
        """Return the fate of an author's delete."""
        is_repeated = author in self.gone
        self.gone[author] = max(version, self.gone.get(author, -1))
        return Fate.DUPLICATE if is_repeated else Fate.DELETED

    def upserted(self, state: PostState, claim: Claim) -> Fate:
        """Return the fate of a post or an edit."""
        self._forget(state, claim)
        if claim.version <= state.tombstone or self.blocks(claim.author, claim.version, claim.day):
            return Fate.SUPPRESSED
        if state.event_id == claim.event_id:
            state.version = max(state.version, claim.version)
            return Fate.DUPLICATE
        if state.event_id is not None and claim.version <= state.version:
            return Fate.STALE
        fate = Fate.NEW if state.event_id is None else Fate.EDITED
        state.version = claim.version
        state.event_id = claim.event_id
        return fate

    def deleted(self, state: PostState, claim: Claim) -> Fate:
        """Return the fate of a delete."""
        self._forget(state, claim)
        if state.event_id is not None and claim.version < state.version:
            return Fate.STALE
        is_repeated = state.event_id is None and state.delete_id == claim.event_id
        state.tombstone = max(state.tombstone, claim.version)
        state.delete_id = claim.event_id
        state.event_id = None
        state.version = -1
        return Fate.DUPLICATE if is_repeated else Fate.DELETED

    def _forget(self, state: PostState, claim: Claim) -> None:
        """Delete a live post if its author was deleted meanwhile."""
        if state.event_id is not None and self.blocks(claim.author, state.version, claim.day):
            state.version = -1
            state.event_id = None


def utc_date(micros: int) -> date:
    """Return the date of a time in microseconds since 1970."""
    return to_datetime(micros).date()
