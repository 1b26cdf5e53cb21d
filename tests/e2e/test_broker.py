"""The local stack with a real broker."""

import os
import signal
import socket
import time

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient

from foundation.errors import (
    BrokerFailedError,
    BrokerUnreachableError,
    KeyFileError,
    PortInUseError,
)
from foundation.settings import Settings
from ingestion.kafka.topics import create_topics, end_offsets, require_broker
from local import doctor, stack
from local.host import ports
from local.servers import broker as local_broker
from schemas.topics import topics

TOPIC = "social.reddit.posts.v1"


@pytest.fixture
def settings(tmp_path):
    port, controller = ports.free_ports(2)
    settings = Settings(
        home=tmp_path, broker={"port": port, "controller_port": controller}, kafka={"timeout_s": 5}
    )
    yield settings
    stack.down(settings)


def send(settings: Settings, count: int) -> None:
    producer = Producer({"bootstrap.servers": settings.bootstrap_servers, "log_level": 0})
    for number in range(count):
        producer.produce(TOPIC, value=b"{}", key=str(number).encode())
    assert producer.flush(20) == 0


def test_up_makes_key_and_topics_and_answers(settings):
    report = stack.up(settings)
    assert report.broker_started
    assert report.key_created
    assert sorted(report.topics.created) == sorted(topic.name for topic in topics())
    assert settings.key_file.stat().st_mode & 0o077 == 0

    again = stack.up(settings)
    assert (again.broker_started, again.key_created, again.topics.created) == (False, False, [])
    assert sorted(again.topics.existing) == sorted(topic.name for topic in topics())


def test_topics_are_as_the_conf_says(broker):
    from confluent_kafka.admin import ConfigResource, ResourceType

    admin = AdminClient({"bootstrap.servers": broker.bootstrap_servers, "log_level": 0})
    found = admin.list_topics(timeout=10).topics
    wanted = {topic.name: topic for topic in topics()}
    assert {name: len(found[name].partitions) for name in wanted} == {
        n: t.partitions for n, t in wanted.items()
    }
    resource = ConfigResource(ResourceType.TOPIC, TOPIC)
    config = admin.describe_configs([resource])[resource].result()
    assert {name: config[name].value for name in wanted[TOPIC].config} == wanted[TOPIC].config


def test_a_topic_is_not_made_by_the_way(broker):
    admin = AdminClient({"bootstrap.servers": broker.bootstrap_servers, "log_level": 0})
    admin.list_topics("social.nobody.posts.v1", timeout=10)
    assert "social.nobody.posts.v1" not in admin.list_topics(timeout=10).topics


def test_a_restart_keeps_data_and_down_leaves_nothing(settings):
    stack.up(settings)
    process = local_broker.running(settings)
    send(settings, 50)
    assert stack.down(settings)
    assert not stack.down(settings)
    with pytest.raises(ProcessLookupError):
        os.kill(process.pid, 0)
    assert ports.is_free(settings.broker.port)
    with pytest.raises(BrokerUnreachableError, match="ECHOSTREAM_KAFKA__BOOTSTRAP_SERVERS"):
        require_broker(settings, timeout_s=1)

    stack.up(settings)
    assert sum(end_offsets(settings)[TOPIC].values()) == 50


def test_a_restart_on_other_ports_keeps_data(settings):
    stack.up(settings)
    send(settings, 5)
    stack.down(settings)
    port, controller = ports.free_ports(2)
    moved = settings.model_copy(
        update={
            "broker": settings.broker.model_copy(
                update={"port": port, "controller_port": controller}
            )
        }
    )
    stack.up(moved)
    assert sum(end_offsets(moved)[TOPIC].values()) == 5


def test_a_broker_that_was_killed_comes_back_with_its_data(settings):
    stack.up(settings)
    send(settings, 20)
    os.kill(local_broker.running(settings).pid, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while local_broker.running(settings) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert stack.up(settings).broker_started
    assert sum(end_offsets(settings)[TOPIC].values()) == 20


def test_an_occupied_port_is_named_with_its_setting(settings):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", settings.broker.port))
        taken.listen()
        with pytest.raises(
            PortInUseError, match=rf"{settings.broker.port}.*ECHOSTREAM_BROKER__PORT"
        ):
            stack.up(settings)
    assert stack.up(settings).broker_started


def test_a_broker_that_cannot_start_says_where_its_log_is(settings):
    (settings.home / "broker").mkdir()
    (settings.home / "broker" / "data").write_text("in the way")
    with pytest.raises(BrokerFailedError, match=r"broker\.log"):
        stack.up(settings)
    assert local_broker.running(settings) is None
    assert local_broker.log_file(settings).stat().st_size > 0


def test_a_lake_whose_key_is_gone_refuses(settings):
    log = settings.home / "lake" / "silver" / "posts" / "_delta_log"
    log.mkdir(parents=True)
    (log / "00000000000000000000.json").write_text("{}")
    with pytest.raises(KeyFileError, match="every author would count twice"):
        stack.up(settings)
    assert local_broker.running(settings) is None


def test_status_and_doctor_see_the_broker(broker):
    found = stack.status(broker)
    assert found.broker_answers
    assert found.broker_pid
    assert {lag.what for lag in found.topics} == {topic.name for topic in topics()}
    assert [lag.what for lag in found.queries] == [
        "topic_to_bronze",
        "bronze_to_silver",
        "silver_to_gold",
    ]
    assert all(finding.ok for finding in doctor.examine(broker)), doctor.examine(broker)


def test_creating_topics_again_does_nothing(broker):
    assert create_topics(broker).created == []
