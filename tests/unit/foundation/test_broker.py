"""A broker that does not answer is reported soon, even with a long wait."""

import socket
from contextlib import contextmanager

import pytest
from confluent_kafka import KafkaException

from foundation.broker import partitions_at
from foundation.errors import BrokerUnreachableError
from foundation.settings import Settings
from ingestion.kafka.producer import Producer
from ingestion.kafka.topics import end_offsets, require_broker

HOURS_S = 7200.0  # the test's own limit would end a full wait
pytestmark = pytest.mark.timeout(60)


def conf(port):
    return {"bootstrap.servers": f"127.0.0.1:{port}", "log_level": 0}


@contextmanager
def silent():
    """Return a port that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_refused_connection_is_not_waited_for(free_port):
    with pytest.raises(KafkaException):
        partitions_at(conf(free_port), timeout_s=HOURS_S)


@pytest.mark.parametrize("ask", [end_offsets, require_broker])
def test_producers_name_the_broker_that_is_away(ask, free_port, tmp_path):
    settings = Settings(home=tmp_path, broker={"port": free_port}, kafka={"timeout_s": HOURS_S})
    with pytest.raises(BrokerUnreachableError, match=rf"127\.0\.0\.1:{free_port} does not answer"):
        ask(settings)


def test_a_producer_does_not_start_where_the_broker_is_away(free_port, tmp_path):
    settings = Settings(home=tmp_path, broker={"port": free_port}, kafka={"timeout_s": HOURS_S})
    with (
        pytest.raises(BrokerUnreachableError, match=rf"no Kafka broker answers at .*:{free_port}"),
        Producer(settings),
    ):
        pytest.fail("it started")


@pytest.mark.parametrize("timeout_s", [0.1, 0.7, 2.5])
def test_a_broker_that_never_answers_has_its_time(timeout_s):
    with silent() as port, pytest.raises(KafkaException):
        partitions_at(conf(port), timeout_s=timeout_s)
