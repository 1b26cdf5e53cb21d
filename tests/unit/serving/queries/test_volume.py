"""Sums of Gold over time are right, and small cells are hidden from others than the owner."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
from deltalake import CommitProperties, write_deltalake

from serving.queries.shared import AsOf, Completeness, Viewer
from serving.queries.volume import VolumeAsked, volume
from serving.reader.reader import Reader

OWNER = Viewer(("public", "default"), sees_small_cells=True, min_authors=5)
GUEST = replace(OWNER, sees_small_cells=False)
MONDAY = datetime(2026, 11, 23, tzinfo=UTC)
PROFILE = "v1:u7zvdn3zdsbzbnt6dtphx54f4j"
SUMS = ("posts", "positive", "neutral", "negative", "mixed", "unscored")


def cell(hours, posts=10, authors=9, **more):
    sums = {"positive": posts, "neutral": 0, "negative": 0, "mixed": 0, "unscored": 0}
    return {
        "owner": "public",
        "platform": "x",
        "channel": "news",
        "hour": MONDAY + timedelta(hours=hours),
        "posts": posts,
        **sums,
        "compound_sum": 5_000 * posts,
        "compound_sumsq": 0,
        "authors": authors,
    } | more


SCHEMA = pa.schema(
    [
        *[(name, pa.string()) for name in ("owner", "platform", "channel")],
        ("hour", pa.timestamp("us", "UTC")),
        *[(name, pa.int64()) for name in (*SUMS, "compound_sum", "compound_sumsq", "authors")],
    ]
)


@pytest.fixture
def ask(tmp_path):
    reader = Reader(str(tmp_path))

    def ask(*cells, viewer=OWNER, silver=7, **asked):
        if cells:
            said = CommitProperties(
                custom_metadata={"userMetadata": json.dumps({"silver_version": silver})}
            )
            write_deltalake(
                str(tmp_path / "gold/sentiment_hourly"),
                pa.Table.from_pylist(list(cells), schema=SCHEMA),
                mode="append",
                commit_properties=said,
            )
        return reader.answer(lambda lake: volume(lake, viewer, VolumeAsked(**asked)))

    yield ask
    reader.close()


def shown(answer, *names):
    return [tuple(getattr(each, name) for name in names) for each in answer.cells]


def test_a_lake_without_gold_has_no_cells(ask):
    answer = ask()
    assert answer.cells == ()
    assert answer.as_of == AsOf()
    assert answer.completeness == Completeness()
    assert (answer.since, answer.until) == (None, None)


def test_an_answer_names_the_versions_that_it_reflects(ask, tmp_path):
    answer = ask(cell(0), silver=41)
    assert (answer.as_of.gold_version, answer.as_of.silver_version) == (0, 41)
    assert answer.as_of.committed_at.tzinfo is not None
    write_deltalake(  # a commit of compaction, which names no version of Silver
        str(tmp_path / "gold/sentiment_hourly"),
        pa.Table.from_pylist([], schema=SCHEMA),
        mode="append",
    )
    answer = ask()
    assert (answer.as_of.gold_version, answer.as_of.silver_version) == (1, 41)


@pytest.mark.parametrize(
    ("step", "begins"),
    [("hour", [0, 25, 170]), ("day", [0, 24, 168]), ("week", [0, 168])],
)
def test_steps(ask, step, begins):
    answer = ask(cell(0), cell(25), cell(170), step=step, since=MONDAY)
    assert shown(answer, "at") == [(MONDAY + timedelta(hours=hours),) for hours in begins]


def test_without_times_the_last_seven_days_up_to_the_newest_hour(ask):
    answer = ask(cell(0), cell(1), cell(168))
    assert answer.until == MONDAY + timedelta(hours=169)
    assert answer.since == MONDAY + timedelta(hours=1)
    assert shown(answer, "at") == [(MONDAY + timedelta(hours=hours),) for hours in (1, 168)]


def test_times_are_half_open(ask):
    answer = ask(cell(0), cell(1), cell(2), since=MONDAY, until=MONDAY + timedelta(hours=2))
    assert len(answer.cells) == 2


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ("none", [(None, None, 40, None)]),
        ("platform", [("reddit", None, 10, 9), ("x", None, 30, None)]),
        (
            "channel",
            [("reddit", "news", 10, 9), ("x", "else", 10, 9), ("x", "news", 20, None)],
        ),
    ],
)
def test_by(ask, by, expected):
    """Authors do not add up, so only single cells of Gold have them."""
    answer = ask(
        cell(0), cell(1), cell(0, channel="else"), cell(0, platform="reddit"), by=by, step="day"
    )
    assert shown(answer, "platform", "channel", "posts", "authors") == expected


@pytest.mark.parametrize(
    ("asked", "posts"),
    [
        ({"platforms": ("x",)}, 3),
        ({"platforms": ("x", "reddit")}, 7),
        ({"platforms": ("'; DROP TABLE gold; --",)}, None),
        ({"channels": ("news",)}, 5),
        ({"channels": ("news",), "platforms": ("x",)}, 1),
        ({"channels": (PROFILE,)}, None),
    ],
)
def test_filters(ask, asked, posts):
    answer = ask(
        cell(0, posts=1),
        cell(0, posts=2, channel=PROFILE),
        cell(0, posts=4, platform="reddit"),
        cell(0, posts=8, platform="y", channel=None),
        **asked,
    )
    assert [each.posts for each in answer.cells] == ([] if posts is None else [posts])


def test_a_limit_bounds_the_cells_and_the_first_ones_are_told(ask):
    some = [cell(hour) for hour in range(4)]
    assert [at for (at,) in shown(ask(*some, limit=3), "at")] == [each["hour"] for each in some[:3]]
    assert len(ask(limit=4).cells) == len(ask(limit=5).cells) == len(ask().cells) == 4


def test_a_profile_is_no_channel(ask):
    """Its name is a person's pseudonym."""
    answer = ask(cell(0, channel=PROFILE), cell(0, channel=None), by="channel")
    assert shown(answer, "channel", "posts", "authors") == [(None, 20, None)]
    assert PROFILE not in repr(answer)


def test_others_rows_are_not_counted(ask):
    answer = ask(cell(0, owner="default"), cell(0, owner="other", posts=99), cell(0))
    assert shown(answer, "posts") == [(20,)]


@pytest.mark.parametrize(
    ("sums", "mean", "net"),
    [
        (
            {"posts": 4, "positive": 2, "negative": 1, "neutral": 1, "compound_sum": 10_000},
            0.25,
            0.25,
        ),
        (
            {"posts": 3, "positive": 0, "negative": 1, "unscored": 2, "compound_sum": -5_000},
            -0.5,
            -1,
        ),
        ({"posts": 2, "positive": 0, "unscored": 2, "compound_sum": 0}, None, None),
        ({"posts": 2, "positive": 1, "mixed": 1, "compound_sum": 5_000}, 0.25, 0.5),
    ],
)
def test_means_are_ratios_of_sums(ask, sums, mean, net):
    zero = dict.fromkeys(SUMS, 0)
    answer = ask(cell(0, **(zero | sums)), cell(0, channel="b", **(zero | sums)))
    assert shown(answer, "mean_compound", "net_sentiment") == [(mean, net)]


SMALL = [
    cell(0, posts=10, authors=5),
    cell(0, posts=7, authors=4, channel="few authors"),
    cell(0, posts=4, authors=5, channel="few posts"),
    cell(1, posts=3, authors=3),
]


def test_the_owner_sees_each_cell(ask):
    answer = ask(*SMALL)
    assert shown(answer, "posts") == [(21,), (3,)]
    assert answer.hidden_cells == 0


def test_nobody_else_gets_a_sum_that_a_small_cell_is_part_of(ask):
    answer = ask(*SMALL, viewer=GUEST)
    assert shown(answer, "posts", "authors") == [(10, 5)]
    assert answer.hidden_cells == 3
    for step in ("hour", "day", "week"):
        for by in ("none", "platform", "channel"):
            again = ask(viewer=GUEST, step=step, by=by)
            assert sum(each.posts for each in again.cells) == 10


def test_no_difference_of_two_answers_tells_a_small_cell(ask):
    ask(*SMALL)
    every = ask(viewer=GUEST, step="day").cells[0].posts
    without = ask(viewer=GUEST, step="day", channels=("news",)).cells[0].posts
    assert every - without == 0
    early = ask(viewer=GUEST, step="day", since=MONDAY, until=MONDAY + timedelta(hours=1))
    assert every - early.cells[0].posts == 0
