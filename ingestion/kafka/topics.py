"""Create the topics of conf/topics.toml in Kafka, and read their offsets.

An existing topic is never changed.
"""

import time
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from confluent_kafka import KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic, OffsetSpec  # type: ignore[attr-defined]  # its stubs omit them

from foundation.broker import partitions_at
from foundation.errors import BrokerUnreachableError
from foundation.settings import Settings
from schemas.topics import Topic, topics

_POLL_S = 0.1


@dataclass(frozen=True, slots=True)
class TopicsReport:
    """The topics that `create_topics` created and found."""

    created: list[str]
    existing: list[str]
    # Existing topics with fewer partitions than conf/topics.toml says; more would move keys.
    narrow: list[str]


def create_topics(settings: Settings) -> TopicsReport:
    """Create the topics that are missing; running it again does nothing.

    Raises:
        BrokerUnreachableError: Kafka does not answer, or refuses.
    """
    admin = _admin(settings)
    partitions = _partitions(settings, settings.kafka.timeout_s)
    missing = [topic for topic in topics() if topic.name not in partitions]
    created = [
        topic.name for topic, future in _request(admin, missing) if _was_created(future, settings)
    ]
    _await_leaders(settings)
    existing = [topic for topic in topics() if topic.name in partitions]
    narrow = [topic.name for topic in existing if partitions[topic.name] < topic.partitions]
    return TopicsReport(created, [topic.name for topic in existing], narrow)


def require_broker(settings: Settings, *, timeout_s: float | None = None) -> None:
    """Check that Kafka answers, by default within `kafka.timeout_s`.

    Raises:
        BrokerUnreachableError: it does not.
    """
    _partitions(settings, timeout_s or settings.kafka.timeout_s)


def end_offsets(settings: Settings) -> dict[str, dict[int, int]]:
    """Return the next offset by topic and partition, for the existing topics of conf/topics.toml.

    Raises:
        BrokerUnreachableError: Kafka does not answer.
    """
    admin = _admin(settings)
    partitions = _partitions(settings, settings.kafka.timeout_s)
    ours = [topic.name for topic in topics() if topic.name in partitions]
    latest = OffsetSpec.latest()  # type: ignore[no-untyped-call]  # its stubs omit it
    wanted = {
        TopicPartition(name, number): latest for name in ours for number in range(partitions[name])
    }
    ends: dict[str, dict[int, int]] = {name: {} for name in ours}
    if not wanted:
        return ends
    for partition, future in admin.list_offsets(
        wanted, request_timeout=settings.kafka.timeout_s
    ).items():
        try:
            ends[partition.topic][partition.partition] = int(future.result().offset)
        except KafkaException as error:
            raise _unreachable(settings, error) from None
    return ends


def _await_leaders(settings: Settings) -> None:
    """Wait until every partition has a leader, which takes a moment after a start."""
    deadline = time.monotonic() + settings.kafka.timeout_s
    while True:
        try:
            end_offsets(settings)
        except BrokerUnreachableError:
            if time.monotonic() > deadline:
                raise
            time.sleep(_POLL_S)
        else:
            return


def _admin(settings: Settings) -> AdminClient:
    conf = admin_config(settings)
    conf["error_cb"] = lambda _: None
    return AdminClient(conf)


def admin_config(settings: Settings) -> dict[str, Any]:
    """Return librdkafka's configuration for a client that sends no records."""
    return {
        "bootstrap.servers": settings.bootstrap_servers,
        "log_level": 0,
        **settings.kafka.client,
    }


def _partitions(settings: Settings, timeout_s: float) -> dict[str, int]:
    """Return the number of partitions by topic."""
    try:
        return partitions_at(admin_config(settings), timeout_s=timeout_s)
    except KafkaException as error:
        raise _unreachable(settings, error) from None


def _request(admin: AdminClient, missing: list[Topic]) -> list[tuple[Topic, "Future[None]"]]:
    new = [
        NewTopic(topic.name, num_partitions=topic.partitions, config=topic.config)
        for topic in missing
    ]
    futures = admin.create_topics(new) if new else {}
    return [(topic, futures[topic.name]) for topic in missing]


def _was_created(future: "Future[None]", settings: Settings) -> bool:
    try:
        future.result()
    except KafkaException as error:
        if error.args[0].code() == KafkaError.TOPIC_ALREADY_EXISTS:  # another process created it
            return False
        raise _unreachable(settings, error) from None
    return True


def _unreachable(settings: Settings, error: KafkaException) -> BrokerUnreachableError:
    return BrokerUnreachableError(
        f"Kafka at {settings.bootstrap_servers} does not answer ({error.args[0].name()})",
        remedy="Start the local broker with `echostream up`,"
        " or set ECHOSTREAM_KAFKA__BOOTSTRAP_SERVERS",
    )
