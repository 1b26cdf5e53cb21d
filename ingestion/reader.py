"""The interface of a platform's reader: it yields batches of documents, each with a cursor.

A reader only reads. It never sleeps between polls, never talks to Kafka and never stores a cursor:
`ingestion.producer.loop` does all three, in the order that loses nothing.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from foundation import clock
from foundation.policies import Policy
from ingestion.config.watchlists import Watchlist
from ingestion.metrics import Telemetry

Json = Any  # as in ingestion.platform, which builds on this module


class GapReason(StrEnum):
    """Why posts, edits or deletes of a stretch of time may be missing."""

    WINDOW_PASSED = "window_passed"  # the platform no longer offered it
    NOT_ANSWERED = "not_answered"  # requested again and again, and never answered
    CURSOR_DISCARDED = "cursor_discarded"  # a user discarded the cursors
    CHANGES_UNSEEN = "changes_unseen"  # edits and deletes were not watched; a sweep finds them
    TRUNCATED = "truncated"  # a listing ended before it reached the last cursor
    RESYNC = "resync"  # the platform replaced a whole account without saying what changed


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A stretch of time that may be incomplete; microseconds since 1970."""

    source: str
    since: int
    until: int
    reason: GapReason


LOST = frozenset(
    {GapReason.WINDOW_PASSED, GapReason.CURSOR_DISCARDED, GapReason.TRUNCATED}
)  # this time was not read; in other gaps single posts or changes are missing


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A stretch of time that was read completely but for its gaps; microseconds since 1970."""

    source: str
    since: int
    until: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceBatch:
    """The contents of one answer, or of a stretch of a stream.

    Attributes:
        source: the stream or query it is of; cursors belong to sources.
        documents: payloads or whole answers, decoded.
        broken: texts that should have been payloads and are not JSON.
        cursor: where to go on, once everything up to here is acknowledged; None: as before.
        endpoint: what was asked, without host and without secrets.
        query: the entry of the watchlist that it was asked for.
        latest: the time of the newest document, for the lag.
        observed_at: when it was read, where that is not now.
        gaps: what is missing.
        covered: from when until when the source is read completely with this batch; a gap in it is
            taken out.
        pause_s: nothing more is to be had for so many seconds.
    """

    source: str
    documents: Sequence[Json] = ()
    broken: Sequence[str] = ()
    cursor: str | None = None
    endpoint: str | None = None
    query: str | None = None
    latest: int | None = None
    observed_at: int | None = None
    gaps: tuple[Gap, ...] = ()
    covered: tuple[int, int] | None = None
    pause_s: float = 0.0


@dataclass(frozen=True, slots=True)
class SeenPost:
    """A post as it was last sent."""

    post_id: str
    source: str
    native_id: str  # the id in the platform's own calls, where it is not the post's id
    event_id: str
    version: int
    day: str | None
    seen_at: int
    checked_at: int
    is_gone: bool = False


class Memory(Protocol):
    """The reader's view of earlier runs."""

    def cursor(self, source: str) -> str | None:
        """Return where that source was left; None: never read."""

    def by_native_id(self, source: str, native_id: str) -> SeenPost | None:
        """Return the post that had this id at the source."""


class Spending(Protocol):
    """A budget in any number of units; units without a limit are counted only."""

    def require(self, unit: str, amount: float = 1) -> None:
        """Refuse what would go beyond the limit.

        Raises:
            BudgetSpentError: with the figure.
        """

    def spend(self, unit: str, amount: float = 1) -> None:
        """Note what was spent."""

    def take(self, unit: str, amount: float = 1) -> None:
        """Check and spend at once.

        Raises:
            BudgetSpentError: with the figure; nothing was spent.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Everything that a reader needs from outside."""

    policy: Policy
    watchlist: Watchlist
    memory: Memory
    budget: Spending
    telemetry: Telemetry
    secrets: Mapping[str, str] = field(default_factory=dict)
    base_url: str | None = None  # instead of the platform's own address
    once: bool = False  # read what is there, then end
    look_back_s: float = 300.0  # how far back a first run starts, where the platform has a past
    poll_s: float = 15.0
    timeout_s: float = 20.0  # for one answer, and for silence on a stream
    attempts: int = 5  # per request
    clock: Callable[[], int] = clock.micros
    sleep: Callable[[float], None] = time.sleep


class Reader(Protocol):
    """Reads one platform."""

    def read(self) -> Iterator[SourceBatch]:
        """Read on from every source's cursor; with `once` until it has caught up, else for ever.

        Raises:
            ReadError: the platform did not answer as it should; may be tried again from the saved
                cursors.
            CredentialsError: it refuses us; trying again is of no use.
        """

    def between(self, since: int, until: int) -> Iterator[SourceBatch]:
        """Read what was posted in a stretch of time, without cursors, as far as still offered."""

    def refetch(self, posts: Sequence[SeenPost]) -> Iterator[SourceBatch]:
        """Read these posts again; for a post that is gone, yield a document that means a delete."""
