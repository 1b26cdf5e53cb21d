"""Policies' periods take effect as the clock advances: landing files and ids, without Spark."""

import copy
import gzip
import json
from datetime import UTC, datetime, timedelta

import pytest
from pyarrow import fs

from foundation.conf_files import conf_dir, read_toml
from foundation.errors import PolicyError
from foundation.policies import FIELDS, KAFKA_DAYS, parse, policies
from ingestion.privacy.expire import expire
from ingestion.reader import SeenPost
from ingestion.recordings.landing import Landing
from ingestion.state.store import IngestStore
from schemas.tables import SILVER_POSTS
from schemas.topics import topics
from transforms.expiry_rules import RULES, has_expired, later, limits

NOW = datetime(2026, 11, 21, 12, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture
def reddit():
    return copy.deepcopy(read_toml(conf_dir() / "policies" / "reddit.toml"))


@pytest.mark.parametrize("platform", policies())
@pytest.mark.parametrize("field", FIELDS)
def test_each_field_of_each_platform_goes_when_its_days_are_over(platform, field):
    days = timedelta(days=policies()[platform].keep[field].days)
    made = NOW.replace(minute=0)
    assert not has_expired(platform, made, limits(policies(), field, made + days))
    assert has_expired(platform, made, limits(policies(), field, made + days + HOUR))


def test_limits_are_whole_hours_in_utc_whatever_clock_is_passed():
    elsewhere = NOW.astimezone(tz=datetime.fromisoformat("2026-01-01T00:00+05:30").tzinfo)
    assert limits(policies(), "silver.text", elsewhere) == limits(policies(), "silver.text", NOW)
    assert {limit.minute for limit in limits(policies(), "silver.text", NOW).values()} == {0}


def test_what_has_expired_does_not_come_back_when_a_policy_grants_more():
    assert later({"x": NOW, "reddit": NOW}, {"x": NOW - DAY, "bluesky": NOW}) == {
        "x": NOW,
        "reddit": NOW,
        "bluesky": NOW,
    }


def test_a_platform_without_a_limit_expires_never():
    assert not has_expired("x", datetime(1990, 1, 1, tzinfo=UTC), {"reddit": NOW})


def test_every_field_of_a_table_has_one_rule_and_names_columns_that_are_there():
    assert {rule.field for rule in RULES} == set(FIELDS) - {
        "landing.answers",
        "producers.sightings",
    }
    assert len(RULES) == len({rule.field for rule in RULES})
    for rule in RULES:
        assert {rule.clock, "platform", *rule.clears} <= set(rule.table.columns), rule.field
    cleared = {name for rule in RULES if rule.table is SILVER_POSTS for name in rule.clears}
    assert {"title", "text", "author_key"} <= cleared
    assert not cleared & {*SILVER_POSTS.key, "posted_at", "sentiment"}


def test_kafka_keeps_no_longer_than_tombstones_reckon_with():
    assert max(rests_ms(topic) for topic in topics()) <= KAFKA_DAYS * 86_400_000


def rests_ms(topic):
    """Return how long a record may stay in the topic, in milliseconds.

    Kafka closes the record's segment first and then removes it.
    """
    return int(topic.config["retention.ms"]) + int(topic.config["segment.ms"])


def test_kafka_keeps_no_record_longer_than_its_platform_lets_bronze():
    raw_days = {name: policy.keep["bronze.record"].days for name, policy in policies().items()}
    assert min(raw_days.values()) < KAFKA_DAYS, "else this says nothing"
    assert [
        topic.name for topic in topics() if rests_ms(topic) > raw_days[topic.platform] * 86_400_000
    ] == []
    assert max(rests_ms(topic) for topic in topics()) == 90 * 3_600_000


@pytest.mark.parametrize(
    ("field", "days", "said"),
    [
        ("silver.text", 1, "is deleted before the raw records"),
        ("silver.author", 366, "longer than the post"),
        ("silver.tombstones", 4, "are deleted before the records that they block"),
        ("landing.answers", 300, "is deleted before the raw records"),
        ("bronze.record", 0, "days of at least 1"),
        ("bronze.record", 1.5, "days of at least 1"),
    ],
)
def test_periods_that_contradict_each_other_are_refused(reddit, field, days, said):
    reddit["keep"][field]["days"] = days
    with pytest.raises(PolicyError, match=said):
        parse("reddit", reddit)


@pytest.mark.parametrize("spoil", ["no ground", "missing", "unknown", "no uses"])
def test_a_policy_that_leaves_something_unsaid_is_refused(reddit, spoil):
    match spoil:
        case "no ground":
            reddit["keep"]["silver.text"]["ground"] = ""
        case "missing":
            del reddit["keep"]["silver.text"]
        case "unknown":
            reddit["keep"]["silver.texts"] = reddit["keep"]["silver.text"]
        case _:
            del reddit["uses"]
    with pytest.raises(PolicyError, match=r"reddit\.toml"):
        parse("reddit", reddit)


@pytest.fixture
def kept(tmp_path):
    """Return a store and landing files of reddit, fetched one, two and three days ago.

    The last one is not sent yet.
    """
    store = IngestStore(tmp_path / "ingest.sqlite3", owner="public", platform="reddit")
    landing = Landing(fs.LocalFileSystem(), str(tmp_path / "landing"), "reddit")
    with store:
        for age, post in ((364, "young"), (366, "old")):
            seen = round((NOW - age * DAY).timestamp() * 1e6)
            seen_then = SeenPost(
                post_id=post,
                source="s",
                native_id=post,
                event_id="e",
                version=0,
                day=None,
                seen_at=seen,
                checked_at=seen,
            )
            store.save_seen_posts([seen_then])
        for age in (1, 3, 4):
            at = NOW - age * DAY
            path = f"date={at:%Y-%m-%d}/platform=reddit/{at:%Y%m%dT%H%M%S%fZ}-000000.jsonl.gz"
            file = tmp_path / "landing" / path
            file.parent.mkdir(parents=True)
            file.write_bytes(gzip.compress(json.dumps({"body": 1}).encode()))
            if age != 4:
                store.save({f"landing/{path}": "loaded"}, [], now=0)
        yield tmp_path, store, landing


def test_landing_files_and_ids_go_and_what_was_never_sent_is_said(kept):
    home, _, landing = kept
    only = {"reddit": policies()["reddit"]}

    def run(**how):
        done = expire(
            only,
            now=NOW,
            landing=lambda _: landing,
            store=lambda name: IngestStore(home / "ingest.sqlite3", owner="public", platform=name),
            **how,
        )
        return {one.field: (one.count, one.waiting) for one in done}

    assert (
        run(dry_run=True)
        == run(dry_run=True)
        == {"landing.answers": (1, 1), "producers.sightings": (1, 0)}
    )
    assert run() == {"landing.answers": (1, 1), "producers.sightings": (1, 0)}
    assert len(list((home / "landing").rglob("*.gz"))) == 2
    with IngestStore(home / "ingest.sqlite3", owner="public", platform="reddit") as memory:
        assert list(memory.seen_posts(["young", "old"])) == ["young"]
    assert run() == {"landing.answers": (0, 1), "producers.sightings": (0, 0)}
