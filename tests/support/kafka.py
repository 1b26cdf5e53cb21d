"""Send bytes to Kafka and read them back unchanged, without our producers."""

import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from foundation.settings import Settings
from ingestion.generator import Rates, run_generator
from ingestion.kafka.producer import Producer as OurProducer
from ingestion.kafka.topics import create_topics
from local import stack
from local.host.ports import free_ports
from schemas.topics import topics
from tests.support.clock import BASE
from tests.support.commands import wait_until

Headers = list[tuple[str, bytes]]
Sent = tuple[str, int, int]  # topic, partition, offset
Bytes = tuple[bytes | None, bytes | None, Headers]  # key, value, headers
START_S = 300.0  # seconds, for a broker that never answers; on a busy machine a start takes minutes
_WAIT_S = 60.0


@contextmanager
def new_stack(home: Path, **sections: Any) -> Iterator[Settings]:
    """Run a broker with all topics and a key, without a lake. Remove it afterwards."""
    port, controller = free_ports(2)
    listening = {"port": port, "controller_port": controller, "start_timeout_s": START_S}
    settings = Settings(home=home, broker=listening, **sections)
    try:
        stack.up(settings)
        yield settings
    finally:
        stack.down(settings)
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def new_home(broker: Settings, home: Path, **sections: Any) -> Iterator[Settings]:
    """Return a home with a key and no lake on a shared broker, whose topics are created again."""
    (home / "broker").symlink_to(broker.home / "broker", target_is_directory=True)
    settings = Settings(home=home, broker=broker.broker, **sections)
    try:
        renew_topics(settings)
        stack.up(settings)
        yield settings
    finally:
        shutil.rmtree(home, ignore_errors=True)  # rmtree does not follow links


def renew_topics(settings: Settings) -> None:
    """Delete all topics and create them again, empty and with other ids."""
    admin = AdminClient({"bootstrap.servers": settings.bootstrap_servers, "log_level": 0})
    old = admin.list_topics(timeout=_WAIT_S).topics.keys() & {topic.name for topic in topics()}
    for deletion in (admin.delete_topics(list(old)) if old else {}).values():
        deletion.result(_WAIT_S)
    wait_until(
        lambda: not old & admin.list_topics(timeout=_WAIT_S).topics.keys(),
        within_s=_WAIT_S,
        what="end of the old topics",
    )
    create_topics(settings)


def generate(
    settings: Settings,
    posts: int,
    *,
    seed: int,
    rates: Rates | None = None,
    with_canaries: bool = False,
) -> Path:
    """Send generated posts and return the ledger's file."""
    with OurProducer(settings) as producer:
        report = run_generator(
            settings,
            producer,
            n_posts=posts,
            seed=seed,
            base=BASE,
            rates=rates,
            with_canaries=with_canaries,
        )
    return report.ledger


def send(settings: Settings, topic: str, *records: Bytes) -> list[Sent]:
    """Send bytes and return the coordinates at which Kafka stored each of them."""
    # Compressed, because the broker's limit is for compressed bytes, which a bomb passes.
    conf = {"compression.type": "gzip", "message.max.bytes": 64 * 1024 * 1024, "log_level": 0}
    producer = Producer(conf | {"bootstrap.servers": settings.bootstrap_servers})
    places: list[Sent] = []
    for key, value, headers in records:

        def note(error, message):
            assert error is None, error
            places.append((message.topic(), message.partition(), message.offset()))

        producer.produce(topic, value, key, headers=headers, on_delivery=note)
        assert producer.flush(_WAIT_S) == 0
    return places


def records_of(settings: Settings, *, only: str = "social.") -> dict[str, list[Bytes]]:
    """Return all records of topics with this prefix, by topic, each partition in order."""
    consumer = Consumer(
        {
            "bootstrap.servers": settings.bootstrap_servers,
            "group.id": "tests",
            "enable.auto.commit": False,
            "log_level": 0,
        }
    )
    try:
        names = [n for n in consumer.list_topics(timeout=_WAIT_S).topics if n.startswith(only)]
        found: dict[str, list[Bytes]] = {}
        for name in sorted(names):
            parts = [
                TopicPartition(name, p, 0)
                for p in consumer.list_topics(name, timeout=_WAIT_S).topics[name].partitions
            ]
            ends = {
                p.partition: consumer.get_watermark_offsets(p, timeout=_WAIT_S)[1] for p in parts
            }
            consumer.assign(parts)
            left = Counter(ends)
            while left.total():
                message = consumer.poll(_WAIT_S)
                assert message is not None, f"Kafka gave only a part of {name}"
                assert message.error() is None, message.error()
                left[message.partition()] -= 1
                found.setdefault(name, []).append(
                    (message.key(), message.value(), list(message.headers() or []))
                )
        return found
    finally:
        consumer.close()
