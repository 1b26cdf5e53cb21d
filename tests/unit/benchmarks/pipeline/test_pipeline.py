"""The parts of benchmarks/pipeline work that need neither Spark nor a broker."""

import json
import pickle
import random
import re
from collections import Counter

import orjson
import pytest

from benchmarks.pipeline import reflection, watch
from benchmarks.pipeline.drain import Drain, together
from benchmarks.pipeline.growth import spread
from benchmarks.pipeline.records import RECORDINGS, Feed, Template, made, makers_for, recorded
from benchmarks.pipeline.reflection import Change, Event, GoldCommit
from benchmarks.pipeline.watch import Seen, Tally, Usage
from foundation.keys import PseudonymKey
from ingestion.platform import Post
from ingestion.platforms import PLATFORMS

KEY = PseudonymKey(1, bytes(32))
AT = 1_760_000_000_000_000


@pytest.fixture(scope="module")
def templates() -> list[Template]:
    return made(300)


def feed_of(templates: list[Template]) -> Feed:
    return Feed(templates, makers_for(KEY, "public"), start=AT, step=1_000_000)


def test_no_two_numbers_give_one_id(templates: list[Template]):
    keys = [feed_of(templates).post_key(number) for number in range(2_000)]
    assert len(set(keys)) == 2_000


def test_a_post_stays_itself_but_for_its_id_and_time(templates: list[Template]):
    for number, template in enumerate(templates):
        post = template.post_as(number, AT)
        assert (post.text, post.author_id, post.channel) == (
            template.post.text,
            template.post.author_id,
            template.post.channel,
        )
        assert post.post_id != template.post.post_id
        assert (post.created_at, post.day.isoformat(), post.version) == (AT, "2025-10-09", 0)


def test_the_fresh_id_is_in_the_payload_as_well(templates: list[Template]):
    for number, template in enumerate(templates):
        post = template.post_as(number, AT)
        assert json.loads(post.raw)
        words = set(re.findall(r"\w+", post.raw))
        assert template.fresh_native(number) in words
        assert template.native not in words


@pytest.mark.skipif(
    not RECORDINGS.is_dir(), reason="needs the recordings in ../shared/data/platforms"
)
def test_recorded_payloads_map_to_the_fresh_id():
    templates = recorded()
    assert {template.platform for template in templates} > {"reddit", "x", "mastodon", "bluesky"}
    differing = Counter()
    for number, template in enumerate(random.Random(1).sample(templates, 500)):
        post = template.post_as(number, AT)
        mapped = PLATFORMS[template.platform].map(json.loads(post.raw), None)
        differing[template.platform] += (
            not isinstance(mapped, Post) or mapped.post_id != post.post_id
        )
    assert differing.total() == 0, differing


def test_the_stream_holds_edits_and_deletes_of_what_came_before(templates: list[Template]):
    feed = feed_of(templates)
    events = [orjson.loads(record.value) for record in feed.stream(0, 1_000)]
    kinds = Counter(
        "delete" if e["op"] == "delete" else "edit" if e["version"] else "new" for e in events
    )
    assert kinds == {"new": 1_000, "edit": 50, "delete": 10}
    seen = set()
    days = {}
    for event in events:
        if not event["version"]:
            seen.add(event["post_id"])
            days[event["post_id"]] = event["day"]
            assert event["raw"]
        else:
            assert event["post_id"] in seen
            assert event["day"] == days[event["post_id"]]
            assert event["version"] == event["observed_at"] > event["created_at"]
    assert len(seen) == 1_000


def test_an_edit_says_something_else_and_a_delete_nothing(templates: list[Template]):
    feed = feed_of(templates)
    first, edit, delete = (
        orjson.loads(record.value)
        for record in (feed.new(7), feed.edit(7, AT + 10**9), feed.delete(7, AT + 10**9))
    )
    assert (
        first["keys"]["post"]
        == edit["keys"]["post"]
        == delete["keys"]["post"]
        == feed.post_key(7)[1]
    )
    assert edit["event_id"] != first["event_id"]
    assert delete["text"] is delete["author_id"] is None
    assert first["text"] not in delete["raw"]


def test_unscored_brings_its_scorer_along():
    from benchmarks.pipeline.unscored import Unscored
    from transforms.scoring.posts import Scorers
    from transforms.scoring.score import ScorerOptions

    options = pickle.loads(pickle.dumps(Unscored()))  # noqa: S301  # our own
    assert isinstance(options, ScorerOptions)
    assert Scorers(options).default.name == "none"


def event(kind: str, post: str, version: int, seconds: float) -> Event:
    return Event(kind, post, version, int(seconds * 1e6))


def test_latency_runs_to_the_first_gold_commit_that_reflects_the_post():
    changes = [
        Change("a", 0, False, 3),
        Change("a", 9, False, 6),
        Change("b", 0, False, 3),
        Change("b", 0, True, 8),
    ]
    gold = [GoldCommit(2, 10_000_000), GoldCommit(4, 20_000_000), GoldCommit(8, 50_000_000)]
    sent = [
        event("new", "a", 0, 15),
        event("new", "b", 0, 14),
        event("edit", "a", 9, 30),
        event("delete", "b", 9, 45),
        event("delete", "c", 9, 45),
    ]
    found = reflection.summarise(sent, changes, gold)
    assert found["new"] == {"count": 2, "p50_s": 5.0, "p95_s": 6.0, "max_s": 6.0, "without": 0}
    assert found["edit"]["max_s"] == 20.0
    assert found["delete"] == {"count": 1, "p50_s": 5.0, "p95_s": 5.0, "max_s": 5.0, "without": 1}


def test_an_edit_is_not_seen_in_the_commit_that_brought_the_post():
    changes = [Change("a", 0, False, 3)]
    assert reflection.reflecting(event("new", "a", 0, 1), changes) == 3
    assert reflection.reflecting(event("edit", "a", 9, 1), changes) is None
    assert reflection.reflecting(event("delete", "a", 9, 1), changes) is None
    assert reflection.reflecting(event("edit", "a", 9, 1), [*changes, Change("a", 9, True, 5)]) == 5


def test_what_gold_does_not_reflect_yet_has_no_latency():
    found = reflection.summarise(
        [event("new", "a", 0, 1)], [Change("a", 0, False, 3)], [GoldCommit(2, 5_000_000)]
    )
    assert found["new"] == {"count": 0, "p50_s": None, "p95_s": None, "max_s": None, "without": 1}


def test_percentiles_are_by_nearest_rank():
    assert reflection.percentiles([float(n) for n in range(100, 0, -1)]) == {
        "count": 100,
        "p50_s": 50.0,
        "p95_s": 95.0,
        "max_s": 100.0,
    }


def test_numbers_are_spread_over_the_whole_range():
    assert spread(10, 20, 5) == [10, 12, 14, 16, 18]
    with pytest.raises(ValueError, match="grow by more"):
        spread(10, 12, 3)


def test_cpu_time_counts_from_the_first_look_and_memory_at_its_highest():
    tally = Tally(jvm=2, driver=1)
    tally.add(
        {1: Seen(0, True, 5.0, 100), 2: Seen(1, False, 10.0, 900), 9: Seen(1, False, 7.0, 500)}
    )
    tally.add(
        {
            1: Seen(0, True, 6.0, 90),
            2: Seen(1, False, 14.0, 800),
            3: Seen(2, True, 1.0, 40),
            4: Seen(3, True, 2.0, 50),
            9: Seen(1, False, 70.0, 500),
        }
    )
    tally.add({1: Seen(0, True, 6.0, 90), 2: Seen(1, False, 15.0, 700)})  # the workers have ended
    assert tally.usage == Usage(jvm_mb=900, workers_mb=90, cpu_s=1 + 5 + 1 + 2)


def test_this_process_is_among_those_that_are_seen():
    import os

    mine = watch.processes()[os.getpid()]
    assert mine.parent == os.getppid()
    assert mine.rss_mb > 10


def test_hops_share_their_records_and_rounds_add_up():
    one = Drain(100, 1.0, 2.0, 1, Usage(10, 5, 1.0))
    other = Drain(100, 3.0, 4.0, 2, Usage(8, 7, 2.0))
    assert together([one, other], in_a_row=True) == Drain(100, 4.0, 6.0, 3, Usage(10, 7, 3.0))
    assert together([one, other], in_a_row=False).rate == 50
