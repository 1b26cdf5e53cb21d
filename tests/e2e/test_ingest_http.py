"""`POST /v1/ingest` sends to a real broker, by the commands as users run them."""

import os
import signal

import orjson
import pytest

from local.servers import broker as local_broker
from tests.support.api import serving
from tests.support.commands import wait_until
from tests.support.kafka import new_stack, records_of

POSTS = "social.custom.posts.v1"
AUTHORS = "social.custom.authors.v1"


def item(number, **fields):
    return {
        "id": f"ticket-{number}",
        "time": "2026-11-01T10:00:00Z",
        "text": f"Answer {number}",
        "author": f"customer-{number}",
        **fields,
    }


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    """Run a broker for this module, because the last test kills it."""
    with new_stack(tmp_path_factory.mktemp("stack")) as made:
        yield made


@pytest.fixture(scope="module")
def api(settings):
    options = {
        "broker__port": settings.broker.port,
        "broker__controller_port": settings.broker.controller_port,
        "kafka__delivery_timeout_s": 3,
        "kafka__timeout_s": 3,
        "workers": 0,
    }
    with serving(settings.home, **options) as running:
        wait_until(lambda: send(running, 5).status == 202, within_s=240, what="receiver")
        yield running


def send(api, *items, **headers):
    return api.post("/v1/ingest", {"platform": "custom", "items": [*items]}, headers)


def events(settings, topic=POSTS):
    return [orjson.loads(value) for _, value, _ in records_of(settings, only=topic).get(topic, [])]


def test_items_are_in_the_topic_when_it_answers_and_a_resend_with_its_key_sends_nothing(
    api, settings
):
    items = [item(number) for number in range(1_000)]
    items[7] = {"id": "ticket-7"}
    told = [send(api, *items, **{"Idempotency-Key": "first"}) for _ in range(2)]
    assert [answer.status for answer in told] == [202, 202]
    assert told[0].body == told[1].body
    assert told[0].json() == {
        "sent": 999,
        "deleted": 0,
        "ignored": 0,
        "rejected": [{"index": 7, "reason": "unmappable: text"}],
    }
    found = events(settings)
    assert sorted(event["post_id"] for event in found) == sorted(
        f"ticket-{number}" for number in range(1_000) if number != 7
    )
    assert {(event["owner"], event["op"]) for event in found} == {("public", "upsert")}


def test_deletes_of_items_and_authors_reach_their_topics(api, settings):
    gone = [{"id": "ticket-1", "deleted": True}, {"author": "customer-2", "deleted": True}]
    answer = send(api, *gone)
    assert (answer.status, answer.json()["deleted"], answer.json()["sent"]) == (202, 2, 0)
    kept = {event["post_id"]: event["keys"]["post"] for event in events(settings)}
    (delete,) = [event for event in events(settings) if event["op"] == "delete"]
    assert delete["keys"]["post"] == kept["ticket-1"]
    (author,) = events(settings, AUTHORS)
    assert (author["op"], author["author_id"]) == ("delete_author", "customer-2")


def test_a_broker_that_is_killed_means_503_and_nothing_is_told_as_sent(api, settings):
    os.kill(local_broker.running(settings).pid, signal.SIGKILL)
    answer = send(api, item(5_000), item(5_001), **{"Idempotency-Key": "away"})
    assert (answer.status, answer.json()["code"]) == (503, "kafka_unavailable")
    assert answer.headers["retry-after"]
