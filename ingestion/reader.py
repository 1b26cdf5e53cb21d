"""Define the interface of a platform's reader, which yields batches of documents with cursors.

A reader only reads (ADR 10). It never sleeps between polls, sends to Kafka or saves a cursor:
`ingestion.producer.loop` does all three, in the order that loses no post.
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

Json = Any  # as in ingestion.platform, a higher layer from which this module may not import


class GapReason(StrEnum):
    """Why posts, edits or deletes of a stretch of time may be missing."""

    WINDOW_PASSED = "window_passed"  # the platform no longer offered the posts
    NOT_ANSWERED = "not_answered"  # the platform did not give a post, although asked for hours
    CURSOR_DISCARDED = "cursor_discarded"  # a user discarded the cursors
    CHANGES_UNSEEN = "changes_unseen"  # edits and deletes were not watched; a sweep finds them
    TRUNCATED = "truncated"  # a listing ended before the last cursor, or did not end by itself
    RESYNC = "resync"  # the platform replaced an account's posts without naming the changes


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A stretch of time of a source in which posts may be missing, in microseconds since 1970."""

    source: str
    since: int
    until: int
    reason: GapReason


LOST = frozenset(
    {GapReason.WINDOW_PASSED, GapReason.CURSOR_DISCARDED, GapReason.TRUNCATED}
)  # this time was not read at all; other gaps miss only single posts or changes


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A stretch of time in which a source was read completely, in microseconds since 1970."""

    source: str
    since: int
    until: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceBatch:
    """The contents of one answer, or of a stretch of a stream; times in microseconds since 1970.

    Attributes:
        source: the stream or query that was read; each source has its own cursor.
        documents: payloads or whole answers, decoded.
        broken: texts that should have been payloads and are not JSON.
        cursor: where to continue after Kafka has acknowledged this batch; None: unchanged.
        endpoint: the path that was requested, without host and secrets.
        query: the watchlist's entry that the request was for.
        latest: when the newest document was posted; the lag is measured from it.
        observed_at: when the documents were read, if not now, as for landing files.
        gaps: the gaps that this reading found.
        covered: start and end of the time that this batch completes; the ledger cuts the gaps out.
        pause_s: seconds to wait before the next batch, since the source has no more until then.
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
    """A sighting: a post's ids, content hash and version as last sent, without its text."""

    post_id: str
    source: str
    native_id: str  # the id by which the platform's API names the post
    event_id: str  # a keyed hash of the content
    version: int
    day: str | None
    seen_at: int  # first, in microseconds since 1970
    checked_at: int  # last, in microseconds since 1970
    is_gone: bool = False


class Memory(Protocol):
    """The part of the producers' memory that a reader may ask."""

    def cursor(self, source: str) -> str | None:
        """Return the saved cursor of a source; None if it was never read."""

    def by_native_id(self, source: str, native_id: str) -> SeenPost | None:
        """Return the sighting of the post with this id at the source; None if there is none."""


class Spending(Protocol):
    """A budget in units such as `calls` or `usd`; a unit without a limit is never refused."""

    def require(self, unit: str, amount: float = 1) -> None:
        """Check that the limit leaves room for an amount, without spending it.

        Raises:
            BudgetSpentError: it does not.
        """

    def spend(self, unit: str, amount: float = 1) -> None:
        """Record an amount that was spent."""

    def take(self, unit: str, amount: float = 1) -> None:
        """Check and spend an amount in one step.

        Raises:
            BudgetSpentError: the limit leaves too little; nothing was spent.
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
    once: bool = False  # True: read up to now, then end
    look_back_s: float = 300.0  # how far before now a first run starts, if the platform allows it
    poll_s: float = 15.0
    timeout_s: float = 20.0  # for one answer, or for silence on a stream
    attempts: int = 5  # per request
    clock: Callable[[], int] = clock.micros
    sleep: Callable[[float], None] = time.sleep


class Reader(Protocol):
    """Reads one platform.

    Example:
        ```
        for batch in MastodonReader(context).read():
            send(batch.documents)  # the loop also saves batch.cursor, after Kafka's acknowledgement
        ```
    """

    def read(self) -> Iterator[SourceBatch]:
        """Yield batches of every source from its cursor on: with `once` up to now, else for ever.

        Raises:
            ReadError: the platform failed or answered in an unknown form. Reading can start again
                from the saved cursors.
            CredentialsError: the platform refuses the credentials; a retry does not help.
        """

    def between(self, since: int, until: int) -> Iterator[SourceBatch]:
        """Yield the posts from `since` to `until`, as far as the platform still offers them.

        Both are in microseconds since 1970. Cursors are neither used nor changed. Raises as `read`
        does.
        """

    def refetch(self, posts: Sequence[SeenPost]) -> Iterator[SourceBatch]:
        """Read these posts again; for a post that is gone, yield a document that maps to a delete.

        Raises as `read` does.
        """
