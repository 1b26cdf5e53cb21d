"""Check that a Kafka broker answers. Producers and jobs do this before anything else."""

import time
from threading import Event
from typing import Any

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient

_ASKED_EACH_S = 0.3
_REFUSED_FOR_S = 1.0  # a broker may be about to listen
# By then librdkafka has tried all connections. After it, a slow answer gets all the time left.
_REFUSED_WITHIN_S = 2.0


def partitions_at(conf: dict[str, Any], *, timeout_s: float) -> dict[str, int]:
    """Return the number of partitions by topic.

    The wait ends after `timeout_s`, or about a second after all brokers refused the connection.

    Args:
        conf: librdkafka's configuration.
        timeout_s: the longest wait in seconds.

    Raises:
        KafkaException: no broker answers.
    """
    refused = Event()

    def note(error: KafkaError) -> None:
        if error.code() == KafkaError._ALL_BROKERS_DOWN:
            refused.set()

    asked: dict[str, Any] = dict(conf)
    asked["error_cb"] = note
    admin = AdminClient(asked)
    begun = time.monotonic()
    waited_s = 0.0
    while True:
        answer_s = timeout_s - waited_s
        if waited_s < _REFUSED_WITHIN_S:
            answer_s = min(_ASKED_EACH_S, answer_s)
        try:
            topics = admin.list_topics(timeout=answer_s).topics
        except KafkaException:
            admin.poll(0)  # librdkafka calls `error_cb` only inside poll
            waited_s = time.monotonic() - begun
            if waited_s >= timeout_s or (refused.is_set() and waited_s > _REFUSED_FOR_S):
                raise
        else:
            return {name: len(topic.partitions) for name, topic in topics.items()}
