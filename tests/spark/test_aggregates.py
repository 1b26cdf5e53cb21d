"""Deltas of Gold from a change feed, added up, equal a new count of everything."""

import random
from datetime import UTC, date, datetime, timedelta

import pytest
from pyspark.sql import functions as F

from schemas.tables import GOLD_SENTIMENT_HOURLY
from transforms.aggregates import (
    combine,
    group_deltas,
    member_deltas,
    signed,
    summarise,
    within_days,
)
from transforms.sentiment_hourly import SUMS, to_contributions

KEY = GOLD_SENTIMENT_HOURLY.key
MEASURES = (*SUMS, "authors")
POSTS = (
    "owner string, platform string, channel string, posted_at timestamp, author_key string,"
    " sentiment struct<label:string,compound:double>"
)
CHANGES = f"_change_type string, _commit_version bigint, {POSTS}"
T0 = datetime(2026, 1, 2, 10, tzinfo=UTC)


def post(*, channel="news", minute=0, author="a", compound=0.5, label="positive"):
    return ("public", "reddit", channel, T0 + timedelta(minutes=minute), author, (label, compound))


def table(frame):
    """Return the rows by key, with hours as minutes after T0."""
    found = {}
    for row in frame.collect():
        hour = (row["hour"].astimezone(UTC) - T0).total_seconds() // 60
        key = (row["owner"], row["platform"], row["channel"], hour)
        assert key not in found, "a group twice"
        found[key] = {name: row[name] for name in MEASURES}
    return found


def deltas(spark, changes, now):
    """Return what a batch of changes adds to Gold, given the current posts."""
    rows = signed(to_contributions(spark.createDataFrame(changes, CHANGES)), SUMS)
    source = to_contributions(spark.createDataFrame(now, POSTS))
    return table(
        combine(
            group_deltas(rows, KEY, SUMS),
            member_deltas(rows, source, KEY, "authors"),
            KEY,
            "authors",
        )
    )


def summary(spark, posts):
    return table(
        summarise(to_contributions(spark.createDataFrame(posts, POSTS)), KEY, SUMS, "authors")
    )


def test_a_post_s_contribution(spark):
    """Compound is an integer, so that a sum can be subtracted exactly."""
    posts = [
        post(compound=0.1 + 0.2),
        post(compound=-0.6249, label="negative", minute=59, author=None),
        post(compound=0.0, label="neutral", channel=None),
        post(compound=None, label=None, minute=60),
        post(compound=0.01, label="mixed", minute=61),
        post(compound=0.9, label=None, minute=120),
    ]
    zero = dict.fromkeys(MEASURES, 0)
    assert summary(spark, posts) == {
        ("public", "reddit", "news", 0): zero
        | {
            "posts": 2,
            "positive": 1,
            "negative": 1,
            "compound_sum": 3000 - 6249,
            "compound_sumsq": 3000**2 + 6249**2,
            "authors": 1,
        },
        ("public", "reddit", None, 0): zero | {"posts": 1, "neutral": 1, "authors": 1},
        ("public", "reddit", "news", 60): zero
        | {
            "posts": 2,
            "unscored": 1,
            "mixed": 1,
            "compound_sum": 100,
            "compound_sumsq": 10_000,
            "authors": 1,
        },
        ("public", "reddit", "news", 120): zero
        | {"posts": 1, "unscored": 1, "authors": 1},  # the scorer gave no label
    }


ZERO = dict.fromkeys(MEASURES, 0)
ONE = {"posts": 1, "positive": 1, "compound_sum": 5000, "compound_sumsq": 25_000_000}
LESS = {name: -value for name, value in ONE.items()}

# Each case is an owner: its changes, the posts after them, and the expected additions per channel
# and hour.
CASES = {
    "a first post": ([("insert", post())], [post()], {("news", 0): ONE | {"authors": 1}}),
    "without author": ([("insert", post(author=None))], [post(author=None)], {("news", 0): ONE}),
    "without channel": (
        [("insert", post(channel=None))],
        [post(channel=None)],
        {(None, 0): ONE | {"authors": 1}},
    ),
    "an author's second post": ([("insert", post())], [post(), post(minute=5)], {("news", 0): ONE}),
    "an author's last post goes": ([("delete", post())], [], {("news", 0): LESS | {"authors": -1}}),
    "an author's last but one goes": ([("delete", post())], [post(minute=5)], {("news", 0): LESS}),
    "an edit that changes nothing counted": (
        [("update_preimage", post()), ("update_postimage", post(minute=1))],
        [post(minute=1)],
        {},
    ),
    "an edit that changes the score": (
        [("update_preimage", post()), ("update_postimage", post(compound=-0.3, label="negative"))],
        [post(compound=-0.3, label="negative")],
        {
            ("news", 0): {
                "positive": -1,
                "negative": 1,
                "compound_sum": -8000,
                "compound_sumsq": -16_000_000,
            }
        },
    ),
    "an edit that moves it to another channel": (
        [("update_preimage", post()), ("update_postimage", post(channel=None))],
        [post(channel=None)],
        {("news", 0): LESS | {"authors": -1}, (None, 0): ONE | {"authors": 1}},
    ),
    "an edit that moves it to another hour": (
        [("update_preimage", post()), ("update_postimage", post(minute=60))],
        [post(minute=60), post(minute=7)],
        {("news", 0): LESS, ("news", 60): ONE | {"authors": 1}},
    ),
    "an edit that loses its author": (
        [("update_preimage", post()), ("update_postimage", post(author=None))],
        [post(author=None)],
        {("news", 0): {"authors": -1}},
    ),
    "an edit by another author": (
        [("update_preimage", post()), ("update_postimage", post(author="b"))],
        [post(author="b")],
        {},
    ),
    "come and gone": ([("insert", post()), ("delete", post())], [], {}),
    "gone and come back": ([("delete", post()), ("insert", post())], [post()], {}),
}


def test_each_change(spark):
    changes = []
    now = []
    expected = {}
    for owner, (feed, posts, added) in CASES.items():
        changes += [(kind, 1, owner, *row[1:]) for kind, row in feed]
        now += [(owner, *row[1:]) for row in posts]
        expected |= {(owner, "reddit", *group): ZERO | values for group, values in added.items()}
    assert deltas(spark, changes, now) == expected


def random_feed(seed, steps=150):
    """The posts before, a change feed of several commits, and the posts after it."""
    chance = random.Random(seed)

    def some_post():
        label, low, high = chance.choice(
            (("positive", 0.05, 1), ("negative", -1, -0.05), ("neutral", -0.04, 0.04))
        )
        score = (
            (label, round(chance.uniform(low, high), 4)) if chance.random() < 0.9 else (None, None)
        )
        return (
            f"seed{seed}",
            chance.choice(("reddit", "bluesky")),
            chance.choice((None, "news", "sport")),
            T0 + timedelta(minutes=chance.randrange(180)),
            chance.choice((None, "a", "b", "c", "d")),
            score,
        )

    before = {number: some_post() for number in range(60)}
    now = dict(before)
    feed = []
    for step in range(steps):
        match chance.choices(("insert", "update", "delete"), (3, 4, 3))[0]:
            case "insert":
                now[1000 + step] = some_post()
                feed.append(("insert", step, *now[1000 + step]))
            case "update":
                number = chance.choice(sorted(now))
                feed.append(("update_preimage", step, *now[number]))
                now[number] = some_post()
                feed.append(("update_postimage", step, *now[number]))
            case "delete":
                feed.append(("delete", step, *now.pop(chance.choice(sorted(now)))))
    return list(before.values()), feed, list(now.values())


def test_before_and_deltas_are_after(spark):
    feeds = [random_feed(seed) for seed in range(5)]
    before, changes, after = ([row for feed in feeds for row in feed[at]] for at in range(3))
    random.Random(0).shuffle(changes)
    gold = summary(spark, before)
    for key, added in deltas(spark, changes, after).items():
        assert any(added.values()), f"{key} does not change"
        gold[key] = {name: gold.get(key, ZERO)[name] + added[name] for name in MEASURES}
        if not gold[key]["posts"]:
            assert gold.pop(key) == ZERO
    assert gold == summary(spark, after)


def test_other_columns_of_the_feed_survive(spark):
    """The sign comes from `_change_type`, so this column must survive."""
    contributions = to_contributions(spark.createDataFrame([("delete", 7, *post())], CHANGES))
    assert contributions.columns[:2] == ["_change_type", "_commit_version"]


D = [date(2026, 1, day) for day in range(1, 9)]


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        pytest.param([], [], id="none"),
        pytest.param([D[1]], ["2 00:00", "2 23:59"], id="one"),
        pytest.param(
            [D[2], D[1]], ["2 00:00", "2 23:59", "3 00:00"], id="two that touch, unsorted"
        ),
        pytest.param(
            [D[1], D[4], D[1]], ["2 00:00", "2 23:59", "5 12:00"], id="two apart, one twice"
        ),
        pytest.param(
            [*(date(2020, 1, 1) + timedelta(days=2 * n) for n in range(200)), D[3]],
            ["1 23:59", "2 00:00", "2 23:59", "3 00:00"],
            id="too many: one wide range",
        ),
    ],
)
def test_within_days(spark, days, expected):
    times = ["1 23:59", "2 00:00", "2 23:59", "3 00:00", "5 12:00", None]
    rows = [
        (time, time and datetime.strptime(f"2026-01-{time}+0000", "%Y-%m-%d %H:%M%z"))
        for time in times
    ]
    found = spark.createDataFrame(rows, "time string, at timestamp").where(
        within_days(F.col("at"), days)
    )
    assert [row["time"] for row in found.collect()] == expected
