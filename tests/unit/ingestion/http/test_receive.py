import json

import orjson
import pytest
from pyarrow import fs

from foundation.errors import BrokerUnreachableError, StackError
from foundation.settings import Settings
from foundation.tenants import owner_of
from ingestion.http.erased import ErasedPersons
from ingestion.http.receive import KafkaAwayError, Receipt, Receiver, Rejection
from ingestion.kafka.producer import MemoryProducer
from ingestion.privacy.tombstone_files import FOREVER, TombstoneFiles
from tests.support.made_records import KEY, RULES, SEEN, envelope
from transforms.decode import decode

NOW = 1_767_225_600_000_000
POSTS = "social.custom.posts.v1"
AUTHORS = "social.custom.authors.v1"
DAY = 86_400_000_000


class Kafka(MemoryProducer):
    missing: frozenset[str] = frozenset()

    def __init__(self, **options):
        super().__init__(**options)
        self.records = []

    def send(self, record):
        self.records.append(record)
        super().send(record)

    def require_topics(self, *names):
        if self.missing & {*names}:
            raise StackError("no topic", remedy="")


def receiver(kafka, **options):
    given = {
        "key": KEY,
        "owner_of": lambda tenant: owner_of(tenant, Settings(owner="acme")),
        "max_text_chars": 30,
        "is_erased": lambda *_: False,
        "connect": lambda: kafka,
        "now": lambda: NOW,
    }
    return Receiver(**given | options)


def item(**fields):
    return {"id": "a", "time": "2025-12-31T10:00:00Z", "text": "It works.", **fields}


def sent(kafka):
    return [(topic, orjson.loads(value)) for topic, _, value, _ in kafka.messages]


def test_items_are_mapped_sent_and_counted_each_once_and_refusals_say_which_and_why():
    kafka = Kafka()
    items = [
        item(author="kim"),
        item(id=None),
        {"id": "a", "deleted": True},
        {"author": "kim", "deleted": True},
        item(text="x" * 31),
        item(title="x" * 15, text="x" * 16),
        item(time=NOW // 1_000_000 + 86_401),
        item(time="1989-12-31"),
        "text",
        {"items": [item(id="b"), item(id="c"), item(time=1.5), item(text=5)]},
        item(channel="a\x00b"),
        item(language="e\x1bn"),
    ]
    assert receiver(kafka).receive("default", "custom", items) == Receipt(
        sent=3,
        deleted=2,
        ignored=0,
        rejected=[
            Rejection(1, "unmappable: id"),
            Rejection(4, "text_too_long"),
            Rejection(5, "text_too_long"),
            Rejection(6, "created_in_future"),
            Rejection(7, "created_before_1990"),
            Rejection(8, "unmappable: id"),
            Rejection(9, "unmappable: time"),
            Rejection(10, "control_character"),
            Rejection(11, "control_character"),
        ],
    )
    assert [(topic, event["op"], event["post_id"]) for topic, event in sent(kafka)] == [
        (POSTS, "upsert", "a"),
        (POSTS, "delete", "a"),
        (AUTHORS, "delete_author", None),
        (POSTS, "upsert", "b"),
        (POSTS, "upsert", "c"),
    ]
    first = sent(kafka)[0][1]
    assert (first["observed_at"], first["source"]["endpoint"]) == (NOW, "http")


def test_an_item_whose_record_would_be_too_long_is_refused():
    kafka = Kafka()
    long = item(text="x" * 2_000_000)
    receipt = receiver(kafka, max_text_chars=10**7).receive("default", "custom", [long])
    assert receipt == Receipt(rejected=[Rejection(0, "text_too_long")])
    assert kafka.messages == []


def test_what_is_no_post_of_another_platform_is_ignored():
    kafka = Kafka()
    items = [None, {"id": 1, "type": "story", "time": NOW // 10**6, "title": "T", "by": "b"}]
    receipt = receiver(kafka).receive("default", "hackernews", items)
    assert receipt == Receipt(sent=1, ignored=1)


def test_the_owner_is_the_lake_s_for_who_is_alone_and_else_the_tenant():
    kafka = Kafka()
    taking = receiver(kafka)
    for tenant in ("default", "other"):
        taking.receive(tenant, "custom", [item()])
    ours, theirs = (event for _, event in sent(kafka))
    assert (ours["owner"], theirs["owner"]) == ("acme", "other")
    assert ours["keys"]["post"] == KEY.post_key("acme", "custom", "a")
    assert theirs["keys"]["post"] == KEY.post_key("other", "custom", "a")


@pytest.mark.parametrize(("tenant", "owner"), [("default", "acme"), ("other", "other")])
def test_the_jobs_take_the_records_of_every_owner_under_the_lake_s_key(tenant, owner):
    kafka = Kafka()
    receiver(kafka, now=lambda: SEEN).receive(tenant, "custom", [item(author="kim")])
    event = decode(kafka.records[0].value, envelope(kafka.records[0]), RULES)
    assert (event["owner"], event["keys"]["key_id"]) == (owner, KEY.key_id)


def test_a_payload_that_says_when_it_was_seen_was_observed_then():
    kafka = Kafka()
    account = {
        "did": "did:plc:a",
        "time_us": NOW - 5,
        "kind": "account",
        "account": {"active": False, "status": "deleted", "did": "did:plc:a"},
    }
    receiver(kafka).receive("default", "bluesky", [account])
    assert [(event["observed_at"], event["version"]) for _, event in sent(kafka)] == [
        (NOW - 5, NOW - 5)
    ]


def test_the_time_of_observation_never_goes_back():
    kafka = Kafka()
    times = iter([NOW, NOW - 10])
    taking = receiver(kafka, now=lambda: next(times))
    for _ in range(2):
        taking.receive("default", "custom", [item(), {"id": "a", "deleted": True}])
    assert {event["observed_at"] for _, event in sent(kafka)} == {NOW}


@pytest.mark.parametrize("trouble", ["not acknowledged", "no topic", "no broker"])
def test_kafka_away_means_the_whole_request_again_on_a_new_producer(monkeypatch, trouble):
    now = [100.0]
    monkeypatch.setattr("ingestion.http.receive.time.monotonic", lambda: now[0])
    broken = Kafka(failing_topics=frozenset({POSTS}) if trouble == "not acknowledged" else ())
    broken.missing = frozenset({AUTHORS}) if trouble == "no topic" else frozenset()
    whole = Kafka()
    offered = [broken, whole]

    def connect():
        kafka = offered.pop(0)
        if kafka is broken and trouble == "no broker":
            raise BrokerUnreachableError("no broker", remedy="")
        return kafka

    taking = receiver(None, connect=connect)
    for _ in range(2):  # the second is refused at once
        with pytest.raises(KafkaAwayError):
            taking.receive("default", "custom", [item()])
    assert offered == [whole]
    now[0] += 3
    assert taking.receive("default", "custom", [item()]) == Receipt(sent=1)


def test_a_request_of_which_nothing_is_sent_needs_no_kafka():
    assert receiver(None).receive("default", "custom", [5]).rejected == [
        Rejection(0, "unmappable: id")
    ]


def test_a_post_of_a_person_who_had_theirs_erased_goes_nowhere(tmp_path):
    graves = tmp_path / "_erasures" / "graves"
    graves.mkdir(parents=True)
    grave = {"platform": "custom", "post_key": None}
    grave["author_key"] = KEY.author_key("acme", "custom", "kim")
    (graves / "e1.jsonl").write_text(json.dumps(grave | {"version": FOREVER}) + "\n")
    erased = ErasedPersons(TombstoneFiles(fs.LocalFileSystem(), str(tmp_path)), KEY)
    kafka = Kafka()
    items = [item(id="a", author="KIM"), item(id="b", author="lee"), item(id="c")]
    receipt = receiver(kafka, is_erased=erased).receive("default", "custom", items)
    assert receipt == Receipt(sent=2, ignored=1)
    assert [event["post_id"] for _, event in sent(kafka)] == ["b", "c"]
    theirs = receiver(kafka, is_erased=erased).receive("other", "custom", items[:1])
    assert theirs == Receipt(sent=1), "another tenant's author of the same name"
