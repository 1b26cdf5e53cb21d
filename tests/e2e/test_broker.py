"""The local stack runs with a real broker. The tests run in order over one home."""

import os
import signal
import socket

import pytest
from confluent_kafka.admin import AdminClient, ConfigResource, ResourceType

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
from tests.support.commands import wait_until
from tests.support.kafka import START_S, send

TOPIC = "social.reddit.posts.v1"
RECORDS = 50
NOBODYS = "social.nobody.posts.v1"


def settings_at(home) -> Settings:
    port, controller = ports.free_ports(2)
    listening = {"port": port, "controller_port": controller, "start_timeout_s": START_S}
    return Settings(home=home, broker=listening, kafka={"timeout_s": 5})


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    beside = tmp_path_factory.mktemp("stack")
    settings = settings_at(beside / "my hüme 100% \U0001f3e0")
    yield settings
    stack.down(settings)
    assert [path.name for path in beside.iterdir()] == [settings.home.name]


@pytest.fixture
def never_up(tmp_path):
    settings = settings_at(tmp_path)
    yield settings
    assert local_broker.running(settings) is None
    stack.down(settings)


@pytest.fixture
def admin(settings):
    return AdminClient({"bootstrap.servers": settings.bootstrap_servers, "log_level": 0})


def records(settings) -> int:
    return sum(end_offsets(settings)[TOPIC].values())


def test_up_makes_key_and_topics_and_answers(settings):
    report = stack.up(settings)
    assert report.broker_started
    assert report.key_created
    assert sorted(report.topics.created) == sorted(topic.name for topic in topics())
    assert settings.key_file.stat().st_mode & 0o077 == 0


def test_up_a_second_time_does_nothing(settings):
    report = stack.up(settings)
    assert (report.broker_started, report.key_created, report.topics.created) == (False, False, [])
    assert sorted(report.topics.existing) == sorted(topic.name for topic in topics())
    assert create_topics(settings).created == []


def test_topics_are_as_the_conf_says(admin):
    found = admin.list_topics(timeout=10).topics
    wanted = {topic.name: topic for topic in topics()}
    partitions = {name: topic.partitions for name, topic in wanted.items()}
    assert {name: len(found[name].partitions) for name in wanted} == partitions
    resource = ConfigResource(ResourceType.TOPIC, TOPIC)
    config = admin.describe_configs([resource])[resource].result()
    assert {name: config[name].value for name in wanted[TOPIC].config} == wanted[TOPIC].config


def test_a_topic_is_not_made_by_the_way(admin):
    admin.list_topics(NOBODYS, timeout=10)
    assert NOBODYS not in admin.list_topics(timeout=10).topics


def test_status_and_doctor_see_the_broker(settings):
    status = stack.status(settings)
    assert status.broker_answers
    assert status.broker_pid
    assert {lag.what for lag in status.topics} == {topic.name for topic in topics()}
    assert [lag.what for lag in status.queries] == [
        "topic_to_bronze",
        "bronze_to_silver",
        "silver_to_gold",
    ]
    findings = doctor.examine(settings)
    assert all(finding.ok for finding in findings), findings


def test_down_leaves_nothing(settings):
    send(settings, TOPIC, *((str(number).encode(), b"{}", []) for number in range(RECORDS)))
    process = local_broker.running(settings)
    assert stack.down(settings)
    assert not stack.down(settings)
    with pytest.raises(ProcessLookupError):
        os.kill(process.pid, 0)
    assert ports.is_free(settings.broker.port)
    with pytest.raises(BrokerUnreachableError, match="ECHOSTREAM_KAFKA__BOOTSTRAP_SERVERS"):
        require_broker(settings, timeout_s=1)


def test_an_occupied_port_is_named_with_its_setting(settings):
    elsewhere = settings_at(settings.home)
    port = elsewhere.broker.port
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        with pytest.raises(PortInUseError, match=rf"{port}.*ECHOSTREAM_BROKER__PORT"):
            stack.up(elsewhere)
    assert local_broker.running(settings) is None


def test_a_restart_on_other_ports_keeps_data(settings):
    moved = settings_at(settings.home)
    assert stack.up(moved).broker_started
    assert records(moved) == RECORDS


def test_a_broker_that_was_killed_comes_back_with_its_data(settings):
    os.kill(local_broker.running(settings).pid, signal.SIGKILL)
    wait_until(lambda: local_broker.running(settings) is None, within_s=10, what="its end")
    assert stack.up(settings).broker_started
    assert records(settings) == RECORDS


def test_a_broker_that_cannot_start_says_where_its_log_is(never_up):
    (never_up.home / "broker").mkdir()
    (never_up.home / "broker" / "data").write_text("in the way")
    with pytest.raises(BrokerFailedError, match=r"broker\.log"):
        stack.up(never_up)
    assert local_broker.log_file(never_up).stat().st_size > 0


def test_a_lake_whose_key_is_gone_refuses(never_up):
    log = never_up.home / "lake" / "silver" / "posts" / "_delta_log"
    log.mkdir(parents=True)
    (log / "00000000000000000000.json").write_text("{}")
    with pytest.raises(KeyFileError, match="every author would count twice"):
        stack.up(never_up)
