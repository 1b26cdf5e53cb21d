"""Rows of charts and tables follow from the API's cells."""

from datetime import UTC, datetime

import pytest

from dashboard import rows
from dashboard.periods import Period, last_days

END = datetime(2026, 3, 4, 12, tzinfo=UTC)
WEEK = last_days(7, END)


def cell(day, **sums):
    return {"at": f"2026-03-0{day}T00:00:00Z"} | sums


CELLS = [
    cell(1, posts=30, positive=20, negative=5, neutral=5),
    cell(3, posts=40, positive=2, negative=9, neutral=9, unscored=20),
    cell(3, posts=1, mixed=1),
]


def test_a_day_without_posts_is_there_with_zeros():
    steps = rows.by_step(CELLS, WEEK, "day")
    assert [(at.day, sums.posts) for at, sums in steps.items()] == [(1, 30), (2, 0), (3, 41)]


@pytest.mark.parametrize(
    ("label", "words"),
    [
        ("", "Most posts: 41, 3 Mar 2026."),
        ("positive", "Most posts: 20, 1 Mar 2026."),
        ("negative", "Most posts: 9, 3 Mar 2026."),
    ],
)
def test_the_peak_is_of_what_the_chart_shows(label, words):
    assert rows.peak(rows.by_step(CELLS, WEEK, "day"), "day", label) == words


def test_without_posts_there_is_no_peak():
    assert rows.peak({}, "day") == ""
    assert rows.peak(rows.by_step([cell(1, posts=2)], WEEK, "day"), "day", "mixed") == ""


def test_names_come_by_posts_and_a_cell_without_a_name_is_left_out():
    cells = [
        cell(1, platform="reddit", posts=1),
        cell(1, platform="bluesky", posts=5),
        cell(2, platform=None, posts=9),
        cell(2, platform="reddit", posts=2),
    ]
    names = rows.by_name(cells, "platform")
    assert {name: sums.posts for name, sums in names.items()} == {"bluesky": 5, "reddit": 3}
    assert [row["shown"].partition(" ")[0] for row in rows.amounts(names)] == ["5", "3"]
    assert rows.net_of_names(names) == []  # under ten posts with a label


def test_the_table_has_the_newest_step_first():
    table = rows.time_table(rows.by_step(CELLS, WEEK, "day"), "day")
    assert [row["name"] for row in table] == ["3 Mar 2026", "2 Mar 2026", "1 Mar 2026"]
    assert table[0]["unscored"] == "20"


def test_an_empty_period_has_one_step():
    assert list(rows.by_step([], Period(WEEK.start, WEEK.end, WEEK.back), "day")) == [WEEK.start]
