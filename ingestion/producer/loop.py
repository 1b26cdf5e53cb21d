"""Read a platform live: send batches to Kafka, then save the cursors, so that no post is lost.

The loop saves sightings before it sends posts, and cursors after Kafka has acknowledged. After a
crash anywhere, some posts are sent twice, with the same event id and version. After a failure of
platform or broker, the loop reads again from the saved cursors. It reads nothing ahead meanwhile,
so memory stays bounded. If the platform no longer offers the posts by then, they are a gap.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field, replace
from importlib import import_module
from itertools import chain

import stamina

from foundation.errors import (
    BrokerUnreachableError,
    BudgetSpentError,
    DeliveryError,
    IngestStoreUnreachableError,
    ListingCutError,
    ReadError,
    SettingsError,
    UsageError,
)
from foundation.logs import get_log
from ingestion.kafka.producer import Sender
from ingestion.kafka.records import RecordMaker
from ingestion.platform import AuthorDelete, Ignored, Mapped, Platform, Post, Unmappable, withhold
from ingestion.privacy.erase import ProducerErasure
from ingestion.reader import Context, Gap, Reader, SourceBatch, Span
from ingestion.readers.clients.responses import bounded_wait
from ingestion.state.budget import Budget
from ingestion.state.store import IngestStore
from ingestion.state.versions import VersionAssigner

TRANSIENT = (ReadError, DeliveryError, BrokerUnreachableError, IngestStoreUnreachableError)
_SETTLE_S = 1.0  # between two saves of cursors; after a crash, the loop sends so much again
_HEALTHY_S = 30.0  # after so long without a failure, the next one starts a new series of attempts
_LONGEST_BACKOFF_S = 60.0

Batches = Callable[[], Iterator[SourceBatch]]


@dataclass(slots=True)
class IngestReport:
    """The result of a run."""

    payloads: int = 0
    cursor: str | None = None  # the last one that was saved
    stopped: str | None = None  # why the run ended before it had caught up
    gaps: list[Gap] = field(default_factory=list)
    # the sources that were read completely up to some time
    covered: set[str] = field(default_factory=set)


Progress = Callable[[IngestReport], None]


class IngestLoop:
    """One platform's producer; `build_producer` makes it."""

    def __init__(
        self,
        platform: Platform,
        context: Context,
        *,
        maker: RecordMaker,
        store: IngestStore,
        budget: Budget,
        connect: Callable[[], AbstractContextManager[Sender]],
        progress: Progress = lambda _: None,
        erasure: ProducerErasure | None = None,
    ) -> None:
        """Store the arguments; `run` connects and reads.

        Args:
            platform: the platform.
            context: the reader's context.
            maker: makes the records.
            store: the producers' memory.
            budget: the limits of spending.
            connect: makes a sender; called again after each failure.
            progress: called after every batch.
            erasure: carries out erasures between batches, and finds posts of erased persons, which
                are not sent.
        """
        self.platform = platform
        self._context = context
        self._maker = maker
        self.store = store
        self._budget = budget
        self._connect = connect
        self._progress = progress
        self.erasure = erasure
        self._versions = VersionAssigner(platform, maker, store)
        self._observed_at = 0
        self._heard_at = 0.0  # when the last batch came, or the pass began
        self.report = IngestReport()

    def reader(self) -> Reader:
        """Build a new reader of the platform.

        Raises:
            UsageError: the platform has no reader.
            SettingsError: a library that the reader needs is not installed.
            CredentialsError: credentials that the reader needs are missing.
        """
        return new_reader(self.platform, self._context)

    def run(self, batches: Batches | None = None) -> IngestReport:
        """Read to the end, until the budget is spent, or until interrupted (KeyboardInterrupt).

        Without `batches`, the platform's reader reads from the saved cursors.

        Raises:
            ReadError: with `once`, the platform kept failing.
            ListingCutError: with `once`, a listing did not end; the rest of it is a gap.
            DeliveryError, BrokerUnreachableError: with `once`, Kafka kept failing.
            IngestStoreUnreachableError: with `once`, the memory's server kept failing.
            CredentialsError, CursorError, IngestStoreError: a retry would not help.
        """
        try:
            while not self._pass(batches or (lambda: self.reader().read())):
                pass
        except BudgetSpentError as spent:
            self.report.stopped = str(spent)
        return self.report

    def _pass(self, batches: Batches) -> bool:
        """Read to the end and return True; False after a failure that starts a new series."""
        for attempt in stamina.retry_context(
            on=self.may_pass,
            attempts=self._context.attempts if self._context.once else None,
            timeout=None,
            wait_initial=1,
            wait_max=_LONGEST_BACKOFF_S,
            wait_jitter=1,
        ):
            with attempt:
                began = time.monotonic()
                cursor = self.report.cursor
                self._heard_at = began
                try:
                    self._read(batches)
                except TRANSIENT as error:
                    if not self.may_pass(error):
                        raise
                    self._context.telemetry.trouble("begun_anew")
                    get_log("ingest").warning(
                        "begin_anew", platform=self.platform.name, error=type(error).__name__
                    )
                    is_further = not self._context.once or self.report.cursor != cursor
                    if is_further and self._heard_at - began >= _HEALTHY_S:
                        return False
                    raise
        return True

    def may_pass(self, error: Exception) -> bool | float:
        """Return whether to read again after this error, or the seconds that the platform asks for.

        With `once`, the loop does not read an endless listing again, since each page costs budget.
        """
        if not isinstance(error, TRANSIENT) or (
            self._context.once and isinstance(error, ListingCutError)
        ):
            return False
        return (
            bounded_wait(error.wait_s)
            if isinstance(error, ReadError) and error.wait_s is not None
            else True
        )

    def _read(self, batches: Batches) -> None:
        pending = _Pending()
        with self._connect() as sender:
            try:
                for batch in batches():
                    self._heard_at = time.monotonic()
                    self._send(batch, sender)
                    pending.add(batch)
                    if batch.pause_s or time.monotonic() - pending.began >= _SETTLE_S:
                        self._settle(pending, sender)
                        pending = _Pending()
                    self._progress(self.report)
                    if batch.pause_s:
                        self._context.sleep(batch.pause_s)
            except (KeyboardInterrupt, BudgetSpentError, ReadError):
                self._settle(pending, sender)  # the batches before the failure are good
                raise
            self._settle(pending, sender)

    def _send(self, batch: SourceBatch, sender: Sender) -> None:
        """Map a batch, save its sightings, and queue its records."""
        now = self._now()
        observed_at = now if batch.observed_at is None else min(batch.observed_at, now)
        telemetry = self._context.telemetry
        wanted = []
        items = [(mapped, self._matches(mapped)) for mapped in self._mapped(batch, observed_at)]
        sent = self._sent_posts(mapped for mapped, matches in items if not matches)
        for mapped, matches in items:
            self.report.payloads += 1
            if isinstance(mapped, Ignored):
                telemetry.records["ignored"] += 1
            elif self.erasure and self.erasure.suppresses(mapped, observed_at):
                telemetry.records["erased"] += 1
            elif isinstance(mapped, Post) and not (matches or self._may_follow(mapped, sent)):
                telemetry.records["skipped"] += 1
            else:
                if isinstance(mapped, Post) and matches:
                    sent.add(mapped.post_id)  # an edit may follow in the same batch
                wanted.append(
                    replace(mapped, endpoint=batch.endpoint, query=batch.query)
                    if isinstance(mapped, Post)
                    else mapped
                )
        is_recorded = batch.observed_at is not None
        for item in self._versions.assign(
            wanted, batch.source, observed_at, is_recorded=is_recorded
        ):
            sender.send(self._maker.make(item, observed_at=observed_at))
            telemetry.records[_fate(item)] += 1
        if batch.latest is not None:
            telemetry.lag_s = max(0.0, (observed_at - batch.latest) / 1_000_000)

    def _mapped(self, batch: SourceBatch, observed_at: int) -> Iterator[Mapped]:
        payloads = chain.from_iterable(
            self.platform.payloads(document) for document in batch.documents
        )
        yield from (self.platform.map(payload, observed_at) for payload in payloads)
        yield from (withhold("not JSON", text) for text in batch.broken)

    def _matches(self, mapped: Mapped) -> bool:
        """Return whether this is a post that the watchlist wants, be it new or not."""
        return isinstance(mapped, Post) and self._context.watchlist.wants(
            mapped.title, mapped.text, lang=mapped.lang
        )

    def _sent_posts(self, items: Iterable[Mapped]) -> set[str]:
        """Return the ids of posts that were sent before; none for a platform without sightings."""
        if self.platform.native_id is None:
            return set()
        upserts = (item for item in items if isinstance(item, Post) and item.op == "upsert")
        return set(self.store.seen_posts(post.post_id for post in upserts))

    def _may_follow(self, post: Post, sent: set[str]) -> bool:
        """Return whether a post may change one that was sent: every delete, and edits of those.

        Without sightings the loop cannot know, and every edit may.
        """
        if post.op == "delete":
            return True
        return post.post_id in sent if self.platform.native_id else post.version > 0

    def _settle(self, pending: "_Pending", sender: Sender) -> None:
        """Wait for Kafka's acknowledgement, then save cursors, gaps and spans."""
        sender.flush()
        telemetry = self._context.telemetry
        self.store.save(pending.cursors, pending.gaps, now=self._now(), covered=pending.covered)
        self.report.covered |= {span.source for span in pending.covered}
        self.report.cursor = next(reversed(pending.cursors.values()), self.report.cursor)
        telemetry.budget_left = self._budget.left()
        if self.erasure:
            self.erasure.run_if_due()
        for gap in pending.gaps:
            self.report.gaps.append(gap)
            telemetry.gaps[gap.reason.value] += 1
            get_log("ingest").warning("gap", platform=self.platform.name, **asdict(gap))

    def _now(self) -> int:
        """Return the time, which never goes back: a delete must not seem older than its post."""
        self._observed_at = max(self._observed_at, self._context.clock())
        return self._observed_at


def new_reader(platform: Platform, context: Context) -> Reader:
    """Import the platform's reader class and build one; see `IngestLoop.reader`."""
    if platform.reader is None:
        raise UsageError(
            f"{platform.name} has no reader: its items are pushed",
            remedy=f"Send them to POST /v1/ingest, or files by `echostream replay {platform.name}`",
        )
    module, _, name = platform.reader.partition(":")
    try:
        reader_class: Callable[[Context], Reader] = getattr(import_module(module), name)
        return reader_class(context)
    except ImportError as error:
        raise SettingsError(
            f"{platform.name} needs the library {error.name}",
            remedy="pip install 'echostream[live]'",
        ) from None


@dataclass(slots=True)
class _Pending:
    """Cursors, gaps and spans that the loop saves once Kafka has acknowledged their records."""

    cursors: dict[str, str] = field(default_factory=dict)
    gaps: list[Gap] = field(default_factory=list)
    covered: list[Span] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)

    def add(self, batch: SourceBatch) -> None:
        if batch.cursor is not None:
            self.cursors[batch.source] = batch.cursor
        self.gaps += batch.gaps
        if batch.covered is not None:
            self.covered.append(
                Span(source=batch.source, since=batch.covered[0], until=batch.covered[1])
            )


def _fate(item: Post | AuthorDelete | Unmappable) -> str:
    match item:
        case Post(op="delete"):
            return "deleted"
        case Post():
            return "edited" if item.version else "posted"
        case AuthorDelete():
            return "author_deleted"
        case Unmappable():
            return "rejected"
