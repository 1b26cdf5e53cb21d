"""Send records to Kafka with an idempotent producer that waits for all replicas.

It counts every delivery report, so that a flush fails if one record was not acknowledged.
"""

import time
from collections import Counter
from collections.abc import Sequence
from types import TracebackType
from typing import Protocol, Self

from confluent_kafka import KafkaError, KafkaException, Message
from confluent_kafka import Producer as KafkaProducer

from foundation.broker import partitions_at
from foundation.errors import BrokerUnreachableError, DeliveryError, SettingsError, StackError
from foundation.settings import Settings
from ingestion.kafka.records import Record
from ingestion.kafka.topics import admin_config
from schemas.event import MAX_RECORD_BYTES
from schemas.topics import topic_name

Headers = Sequence[tuple[str, bytes]]

_FLUSH_STEP_S = 1.0
_QUEUE_RECORDS = 50_000
_QUEUE_KB = 128 * 1024


class Sender(Protocol):
    """Sends records; `delivered` and `failed` count them by topic.

    Example:
        ```
        sender.send(maker.make(post, observed_at=now))
        sender.flush()  # only after this may the cursor be saved
        ```
    """

    delivered: Counter[str]
    failed: Counter[str]

    def send(self, record: Record) -> None:
        """Queue one record."""

    def send_bytes(
        self, topic: str, key: bytes | None, value: bytes | None, headers: Headers = ()
    ) -> None:
        """Queue a record of these bytes, valid or not."""

    def flush(self) -> None:
        """Wait until Kafka has acknowledged every record so far.

        Raises:
            DeliveryError: Kafka did not acknowledge all of them in time.
        """


class Producer:
    """A `Sender` to Kafka; as a context manager it checks the broker first and flushes last."""

    def __init__(self, settings: Settings) -> None:
        """Make librdkafka's producer, which connects in the background.

        Raises:
            SettingsError: librdkafka refuses `kafka.client`.
        """
        self.delivered: Counter[str] = Counter()
        self.failed: Counter[str] = Counter()
        self._first_failure = ""
        self._sent = 0
        self._servers = settings.bootstrap_servers
        self._timeout_s = settings.kafka.timeout_s
        self._admin_config = admin_config(settings)
        self._delivery_timeout_s = settings.kafka.delivery_timeout_s
        try:
            self._kafka = KafkaProducer(client_config(settings))
        except KafkaException as error:
            raise SettingsError(
                f"kafka.client: {error.args[0].str()}", remedy="See librdkafka's CONFIGURATION"
            ) from None

    def __enter__(self) -> Self:
        """Check that a broker answers.

        Raises:
            BrokerUnreachableError: none does.
        """
        self._existing_topics()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Flush; after an error, try to send the rest and let the error propagate."""
        if kind is None:
            self.flush()
        else:
            self._kafka.flush(self._timeout_s)

    def require_topics(self, *names: str) -> None:
        """Check that topics exist, since no producer creates one.

        Raises:
            StackError: topics are missing; the text names them.
            BrokerUnreachableError: no broker answers.
        """
        if missing := sorted(set(names) - self._existing_topics()):
            raise StackError(
                f"Kafka at {self._servers} has no topic {', '.join(missing)}",
                remedy="`echostream up` creates the topics of every platform that has a policy",
            )

    def send(self, record: Record) -> None:
        """Queue one record; raises as `send_bytes` does."""
        self.send_bytes(
            topic_name(record.platform, record.kind), record.key, record.value, record.headers
        )

    def send_bytes(
        self, topic: str, key: bytes | None, value: bytes | None, headers: Headers = ()
    ) -> None:
        """Queue a record of these bytes; wait while the queue is full.

        Raises:
            DeliveryError: the queue stayed full.
        """
        deadline = time.monotonic() + self._delivery_timeout_s
        while True:
            try:
                self._kafka.produce(
                    topic, value, key, headers=list(headers), on_delivery=self._on_delivery
                )
            except BufferError:
                if time.monotonic() > deadline:
                    raise self._undelivered() from None
                self._kafka.poll(_FLUSH_STEP_S)
            except KafkaException as error:
                self._fail(topic, error.args[0])
                self._sent += 1
                return
            else:
                self._sent += 1
                self._kafka.poll(0)
                return

    def flush(self) -> None:
        """Wait until Kafka has acknowledged every record so far.

        Raises:
            DeliveryError: Kafka did not acknowledge all of them in time.
        """
        deadline = time.monotonic() + self._delivery_timeout_s + self._timeout_s
        while self._kafka.flush(_FLUSH_STEP_S) and time.monotonic() < deadline:
            pass
        if self.delivered.total() < self._sent:
            raise self._undelivered()

    def _existing_topics(self) -> set[str]:
        try:
            return set(partitions_at(self._admin_config, timeout_s=self._timeout_s))
        except KafkaException as error:
            raise BrokerUnreachableError(
                f"no Kafka broker answers at {self._servers} ({error.args[0].name()})",
                remedy="Start the local one with `echostream up`, or set kafka.bootstrap_servers",
            ) from None

    def _on_delivery(self, error: KafkaError | None, message: Message) -> None:
        topic = message.topic() or ""
        if error is None:
            self.delivered[topic] += 1
        else:
            self._fail(topic, error)

    def _fail(self, topic: str, error: KafkaError) -> None:
        self.failed[topic] += 1
        self._first_failure = self._first_failure or error.name()

    def _undelivered(self) -> DeliveryError:
        missing = self._sent - self.delivered.total()
        return DeliveryError(
            f"Kafka at {self._servers} did not acknowledge {missing} of {self._sent} records"
            f" ({self._first_failure or 'no answer'})",
            remedy="Check the broker with `echostream status`, then send again:"
            " duplicates count once",
        )


def client_config(settings: Settings) -> dict[str, str | int | float | bool]:
    """Return librdkafka's configuration for a producer, by the names of its CONFIGURATION.md.

    `settings.kafka.client` overrides the defaults, but not the delivery guarantees.
    """
    return {
        "client.id": "echostream",
        "compression.type": "zstd",
        "linger.ms": 50,
        **settings.kafka.client,
        "bootstrap.servers": settings.bootstrap_servers,
        "enable.idempotence": True,
        "acks": "all",
        "allow.auto.create.topics": False,
        "message.timeout.ms": int(settings.kafka.delivery_timeout_s * 1000),
        "message.max.bytes": MAX_RECORD_BYTES
        + 64 * 1024,  # room for key and headers, as in the topics' max.message.bytes
        "queue.buffering.max.messages": _QUEUE_RECORDS,
        "queue.buffering.max.kbytes": _QUEUE_KB,
        # librdkafka logs to standard error, and our exceptions report the same failures.
        "log_level": 0,
    }


class MemoryProducer:
    """A `Sender` that keeps records in memory, for tests and trials without a broker."""

    def __init__(self, *, failing_topics: frozenset[str] = frozenset()) -> None:
        self.delivered: Counter[str] = Counter()
        self.failed: Counter[str] = Counter()
        self.messages: list[tuple[str, bytes | None, bytes | None, list[tuple[str, bytes]]]] = []
        self._failing_topics = failing_topics

    def send(self, record: Record) -> None:
        """Keep one record."""
        self.send_bytes(
            topic_name(record.platform, record.kind), record.key, record.value, record.headers
        )

    def send_bytes(
        self, topic: str, key: bytes | None, value: bytes | None, headers: Headers = ()
    ) -> None:
        """Keep a record of these bytes."""
        if topic in self._failing_topics:
            self.failed[topic] += 1
            return
        self.delivered[topic] += 1
        self.messages.append((topic, key, value, list(headers)))

    def flush(self) -> None:
        """Check that no record was sent to a failing topic.

        Raises:
            DeliveryError: a record was.
        """
        if self.failed:
            raise DeliveryError(
                f"{self.failed.total()} records were not acknowledged", remedy="Send them again"
            )
