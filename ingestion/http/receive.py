"""Send one request's items to Kafka, and count them only after Kafka has acknowledged them."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Protocol

from foundation.errors import DeliveryError, IngestError, StackError
from foundation.keys import PseudonymKey
from foundation.logs import get_log
from ingestion.kafka.producer import Sender
from ingestion.kafka.records import Record, RecordMaker
from ingestion.platform import AuthorDelete, Ignored, Json, Mapped, Platform, Post, Unmappable
from ingestion.platforms import PLATFORMS
from schemas.event import CONTROL
from schemas.reasons import Reason
from schemas.times import AHEAD, EARLIEST_CREATED
from schemas.topics import TOPIC_KINDS, topic_name

_AWAY_S = 2.0  # after a failure, requests are refused at once for so long, so no client waits
log = get_log("receive")


@dataclass(frozen=True, slots=True)
class Rejection:
    """An item that was not sent: its index in the request, and the reason."""

    index: int
    reason: str


@dataclass(slots=True)
class Receipt:
    """The counts of a request's payloads; an item may hold several, and each counts once."""

    sent: int = 0  # posts and edits
    deleted: int = 0  # deletes of posts and of authors, which were sent too
    ignored: int = 0  # not posts, or posts of erased persons
    rejected: list[Rejection] = field(default_factory=list)


class ConnectedSender(Sender, Protocol):
    """A sender that can also check topics."""

    def require_topics(self, *names: str) -> None:
        """Check that topics exist; raises StackError for missing ones."""


IsErased = Callable[[Platform, str, Mapped, int], bool]  # (platform, owner, mapped, observed_at)


class KafkaAwayError(IngestError):
    """Raised when Kafka did not acknowledge a whole request; a resend counts each post once."""


class Receiver:
    """Sends requests to Kafka, one after the other; threads must not share it."""

    def __init__(
        self,
        *,
        key: PseudonymKey,
        owner_of: Callable[[str], str],
        max_text_chars: int,
        is_erased: IsErased,
        connect: Callable[[], ConnectedSender],
        now: Callable[[], int],
    ) -> None:
        """Store the arguments; the first request connects to Kafka.

        Args:
            key: makes the pseudonyms.
            owner_of: returns the owner of a tenant's posts.
            max_text_chars: the limit for title and text together; the jobs quarantine longer posts.
            is_erased: returns whether a payload belongs to an erased person.
            connect: makes a producer; called again after each failure.
            now: returns microseconds since 1970.
        """
        self._key = key
        self._owner_of = owner_of
        self._max_text_chars = max_text_chars
        self._is_erased = is_erased
        self._connect = connect
        self._now = now
        self._sender: ConnectedSender | None = None
        self._away_until = 0.0
        self._observed_at = 0
        self._known_topics: set[str] = set()

    def receive(self, tenant: str, platform: str, items: list[Json]) -> Receipt:
        """Send a request's items, and return their counts once Kafka has acknowledged them all.

        Raises:
            KafkaAwayError: Kafka did not acknowledge them all.
            PayloadFileError: a tombstone file is damaged.
        """
        # This time never decreases: otherwise a delete could be older than its post.
        self._observed_at = max(self._observed_at, self._now())
        receipt = Receipt()
        maker = RecordMaker(platform, self._owner_of(tenant), self._key)
        records = list(self._records(PLATFORMS[platform], maker, items, receipt))
        if records:
            self._send(platform, records)
        return receipt

    def _records(
        self, platform: Platform, maker: RecordMaker, items: list[Json], receipt: Receipt
    ) -> Iterator[Record]:
        for index, item in enumerate(items):
            rejected: Rejection | None = None
            for mapped, observed_at in self._mapped(platform, item):
                if isinstance(mapped, Ignored) or self._is_erased(
                    platform, maker.owner, mapped, observed_at
                ):
                    receipt.ignored += 1
                    continue
                reason = self._why_not(mapped, observed_at)
                record = None if reason else maker.make(mapped, observed_at=observed_at)
                if record is None or _is_too_long(record):
                    rejected = rejected or Rejection(index, reason or Reason.TEXT_TOO_LONG)
                    continue
                _count(receipt, mapped)
                yield record
            if rejected:
                receipt.rejected.append(rejected)

    def _mapped(self, platform: Platform, item: Json) -> Iterator[tuple[Mapped, int]]:
        for payload in platform.payloads(item):
            seen_at = platform.seen_at(payload) if platform.seen_at else None
            observed_at = self._observed_at if seen_at is None else min(seen_at, self._observed_at)
            mapped = platform.map(payload, observed_at)
            yield (
                replace(mapped, endpoint="http") if isinstance(mapped, Post) else mapped,
                observed_at,
            )

    def _why_not(self, mapped: Mapped, observed_at: int) -> str | None:
        """Return why the jobs would quarantine a payload, if its sender can correct that."""
        if isinstance(mapped, Unmappable):
            return f"{Reason.UNMAPPABLE}: {mapped.detail}"
        if not isinstance(mapped, Post):
            return None
        if len(mapped.title or "") + len(mapped.text or "") > self._max_text_chars:
            return Reason.TEXT_TOO_LONG
        names = (mapped.lang, mapped.channel, *mapped.hashtags, *mapped.metrics)
        if any(name and CONTROL.search(name) for name in names):
            return Reason.CONTROL_CHARACTER
        created_at = observed_at if mapped.created_at is None else mapped.created_at
        if created_at > observed_at + AHEAD:
            return Reason.CREATED_IN_FUTURE
        return Reason.CREATED_BEFORE_1990 if created_at < EARLIEST_CREATED else None

    def _send(self, platform: str, records: list[Record]) -> None:
        if time.monotonic() < self._away_until:
            raise KafkaAwayError(
                "Kafka did not answer a moment ago", remedy="Send the request again later"
            )
        try:
            sender = self._connected(platform)
            for record in records:
                sender.send(record)
            sender.flush()
        except (DeliveryError, StackError) as error:
            self._sender = None  # drops its queued records: the client sends the request again
            self._away_until = time.monotonic() + _AWAY_S
            log.warning("kafka_away", error=type(error).__name__)
            raise KafkaAwayError(error.what, remedy=error.remedy) from None

    def _connected(self, platform: str) -> ConnectedSender:
        if self._sender is None:
            self._sender = self._connect()
            self._known_topics = set()
        if platform not in self._known_topics:
            self._sender.require_topics(*(topic_name(platform, kind) for kind in TOPIC_KINDS))
            self._known_topics.add(platform)
        return self._sender


def _count(receipt: Receipt, mapped: Post | AuthorDelete | Unmappable) -> None:
    if isinstance(mapped, AuthorDelete) or (isinstance(mapped, Post) and mapped.op == "delete"):
        receipt.deleted += 1
    else:
        receipt.sent += 1


def _is_too_long(record: Record) -> bool:
    """Return whether the maker has turned a post into an unmappable record for its size."""
    return ("op", b"unmappable") in record.headers
