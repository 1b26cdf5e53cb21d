"""Read records from Kafka into Spark, and ask Kafka for offsets and topic ids."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from confluent_kafka import Consumer, KafkaException, TopicCollection, TopicPartition
from confluent_kafka.admin import AdminClient
from pyspark.sql import DataFrame, SparkSession

from foundation.broker import partitions_at
from foundation.errors import BrokerUnreachableError, LostOffsetsError
from foundation.settings import Settings
from lakehouse.jobs.checkpoint import Checkpoint
from schemas.topics import TOPIC_PATTERN, platform_of

_FETCH_WAIT_MS = 20
Offsets = dict[str, dict[str, int]]  # topic → partition, as text → offset


def stream_records(spark: SparkSession, settings: Settings, *, starting_offsets: str) -> DataFrame:
    """Return all topics of EchoStream as a stream of Kafka records with headers.

    `starting_offsets` is `earliest` or Spark's JSON of offsets; only a new checkpoint uses it.
    """
    reader = (
        spark.readStream.format("kafka")
        .option("kafka.bootstrap.servers", settings.bootstrap_servers)
        .option("subscribePattern", TOPIC_PATTERN)
        .option("startingOffsets", starting_offsets)
        .option("includeHeaders", "true")
        .option("failOnDataLoss", "true")
        .option("maxOffsetsPerTrigger", settings.stream.max_records_per_batch)
        .option("groupIdPrefix", "echostream")
        # Spark asks for a partition's offsets on the connection on which its next fetch already
        # waits. If there are no records, the broker holds the fetch for this long, and the answer
        # with it. Kafka's default is 500 ms.
        .option("kafka.fetch.max.wait.ms", _FETCH_WAIT_MS)
    )
    for name, value in settings.kafka.client.items():
        reader = reader.option(f"kafka.{name}", value)
    return reader.load()


def demand_broker(settings: Settings) -> None:
    """Refuse to continue if no broker answers.

    The wait ends after `kafka.timeout_s`, and soon if all brokers refuse the connection.

    Raises:
        BrokerUnreachableError: no broker answers.
    """
    with _reaching(settings):
        partitions_at(_conf(settings), timeout_s=settings.kafka.timeout_s)


def end_offsets(settings: Settings) -> Offsets:
    """Return the offset after the last record of each partition.

    Raises:
        BrokerUnreachableError: no broker answers.
    """
    return {
        topic: {partition: high for partition, (_, high) in bounds.items()}
        for topic, bounds in offset_bounds(settings).items()
    }


def offset_bounds(settings: Settings) -> dict[str, dict[str, tuple[int, int]]]:
    """Return the first offset that each partition holds, and the offset after its last record.

    Raises:
        BrokerUnreachableError: no broker answers.
    """
    conf = _conf(settings)
    with _reaching(settings):
        names = AdminClient(conf).list_topics(timeout=settings.kafka.timeout_s).topics
        consumer = Consumer(
            conf | {"group.id": "echostream-offsets", "enable.auto.commit": "false"}
        )
        try:
            return {
                name: {
                    str(partition): consumer.get_watermark_offsets(
                        TopicPartition(name, partition), timeout=settings.kafka.timeout_s
                    )
                    for partition in topic.partitions
                }
                for name, topic in names.items()
                if platform_of(name)
            }
        finally:
            consumer.close()


def topic_ids(topics: Iterable[str], settings: Settings) -> dict[str, str]:
    """Return Kafka's id of each topic; a topic that was recreated has another id.

    Raises:
        BrokerUnreachableError: no broker answers.
    """
    names = list(topics)
    if not names:
        return {}
    with _reaching(settings):
        admin = AdminClient(_conf(settings))  # without this reference its answers never come
        answers = admin.describe_topics(
            TopicCollection(names), request_timeout=settings.kafka.timeout_s
        )
        return {name: str(answer.result().topic_id) for name, answer in answers.items()}


def _conf(settings: Settings) -> dict[str, str | int | float | bool]:
    return {
        **settings.kafka.client,
        "bootstrap.servers": settings.bootstrap_servers,
        "log_level": 0,
        "socket.timeout.ms": int(settings.kafka.timeout_s * 1000),
    }


@contextmanager
def _reaching(settings: Settings) -> Iterator[None]:
    try:
        yield
    except KafkaException as error:
        raise _unreachable(settings) from error


def _unreachable(settings: Settings) -> BrokerUnreachableError:
    return BrokerUnreachableError(
        f"no Kafka broker answers at {settings.bootstrap_servers}",
        remedy="Start one with `echostream up`, or set kafka.bootstrap_servers",
    )


def lag(consumed: Offsets, settings: Settings) -> int | None:
    """Return how many records Kafka holds after these offsets; None if no broker answers."""
    try:
        ends = end_offsets(settings)
    except BrokerUnreachableError:
        return None
    return sum(
        max(end - consumed.get(topic, {}).get(partition, 0), 0)
        for topic, partitions in ends.items()
        for partition, end in partitions.items()
    )


def check_offsets(checkpoint: Checkpoint, settings: Settings) -> None:
    """Refuse to start if Kafka no longer holds the records that come next.

    Spark checks offsets too. But it notices a recreated topic only once the topic has grown past
    the old offset.

    Raises:
        BrokerUnreachableError: no broker answers.
        LostOffsetsError: a topic was recreated, or a partition lacks the next offset.
    """
    bounds = offset_bounds(settings)
    known = checkpoint.topics
    ids = topic_ids(bounds, settings)
    ends: Offsets = (
        {}
        if checkpoint.committed_batch is None
        else checkpoint.end_offset(checkpoint.committed_batch)
    )
    for topic, partitions in ends.items():
        if topic in ids and known.get(topic, ids[topic]) != ids[topic]:
            raise LostOffsetsError(
                f"topic {topic} was recreated since it was read: its former records are gone, and"
                " its offsets count other records",
                remedy="Bring Kafka's data back, or read the new topic with `echostream checkpoint"
                f" reset {checkpoint.job}`",
            )
        for partition, offset in partitions.items():
            low, high = bounds.get(topic, {}).get(partition, (0, 0))
            if not low <= offset <= high:
                raise LostOffsetsError(
                    f"{topic}[{partition}] holds offsets {low} to {high}, but {offset} is the next"
                    " to read",
                    remedy="Bring Kafka's data back, or accept the gap with `echostream"
                    f" checkpoint reset {checkpoint.job}`",
                )
    checkpoint.record_topics(known | ids)
