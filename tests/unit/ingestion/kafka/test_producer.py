from pathlib import Path

import pytest

from foundation.errors import BrokerUnreachableError, DeliveryError, SettingsError
from foundation.keys import PseudonymKey
from foundation.sections import KafkaSettings
from foundation.settings import Settings
from ingestion.kafka.producer import MemoryProducer, Producer, client_config
from ingestion.kafka.records import RecordMaker
from ingestion.platform import AuthorDelete, Post
from schemas.topics import topics

NOWHERE = "127.0.0.1:1"  # nothing listens there


def settings(tmp_path: Path, **client: str) -> Settings:
    kafka = KafkaSettings(
        bootstrap_servers=NOWHERE, timeout_s=0.5, delivery_timeout_s=1.0, client=client
    )
    return Settings(home=tmp_path, kafka=kafka)


def test_the_guarantees_hold_whatever_the_client_settings_say(tmp_path: Path):
    chosen = settings(
        tmp_path,
        **{"acks": "0", "enable.idempotence": "false", "linger.ms": "5", "sasl.mechanism": "PLAIN"},
    )
    config = client_config(chosen)
    assert config["acks"] == "all"
    assert config["enable.idempotence"] is True
    assert config["allow.auto.create.topics"] is False
    assert (config["linger.ms"], config["sasl.mechanism"]) == ("5", "PLAIN")


def test_the_largest_record_fits_producer_and_topics_alike(tmp_path: Path):
    limit = str(client_config(settings(tmp_path))["message.max.bytes"])
    assert {topic.config["max.message.bytes"] for topic in topics()} == {limit}


def test_no_broker_is_one_line_with_the_remedy(tmp_path: Path):
    with (
        pytest.raises(BrokerUnreachableError, match=rf"{NOWHERE}.*echostream up"),
        Producer(settings(tmp_path)),
    ):
        pytest.fail("it started")


def test_what_is_never_acknowledged_is_an_error_with_its_number(tmp_path: Path):
    producer = Producer(settings(tmp_path))
    for _ in range(3):
        producer.send_bytes("social.reddit.posts.v1", b"k", b"secret text")
    with pytest.raises(DeliveryError, match="did not acknowledge 3 of 3") as caught:
        producer.flush()
    assert "secret" not in str(caught.value)
    assert producer.failed == {"social.reddit.posts.v1": 3}


def test_a_record_over_the_limit_fails_alone(tmp_path: Path):
    producer = Producer(settings(tmp_path))
    producer.send_bytes("social.reddit.posts.v1", b"k", b"x" * 2_000_000)
    assert producer.failed.total() == 1


def test_a_wrong_client_setting_is_named(tmp_path: Path):
    with pytest.raises(SettingsError, match=r"no\.such\.thing"):
        Producer(settings(tmp_path, **{"no.such.thing": "1"}))


def test_the_memory_producer_routes_and_counts_like_the_real_one():
    kafka = MemoryProducer()
    maker = RecordMaker("bluesky", "public", PseudonymKey(1, b"0" * 32))
    kafka.send(maker.make(Post(post_id="p"), observed_at=1_767_225_600_000_000))
    kafka.send(
        maker.make(AuthorDelete(author_id="a", version=1), observed_at=1_767_225_600_000_000)
    )
    kafka.send_bytes("social.x.posts.v1", None, b"\xff", [("op", b"?")])
    kafka.flush()
    assert kafka.delivered == {
        "social.bluesky.posts.v1": 1,
        "social.bluesky.authors.v1": 1,
        "social.x.posts.v1": 1,
    }
    assert kafka.messages[2] == ("social.x.posts.v1", None, b"\xff", [("op", b"?")])
