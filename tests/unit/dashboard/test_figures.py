"""Sums of cells, their changes, and the writing of numbers are right."""

import pytest

from dashboard.figures import (
    MINUS,
    NOTHING,
    Change,
    Totals,
    change_in_points,
    count,
    percent,
    points,
    relative_change,
    totals,
    totals_by,
    usd,
)

CELLS = [
    {"platform": "x", "posts": 30, "positive": 12, "neutral": 5, "negative": 3, "unscored": 10},
    {"platform": "x", "posts": 2, "positive": 0, "neutral": 2, "negative": 0, "mixed": None},
    {"platform": "reddit", "posts": 8, "negative": 8},
]


def test_net_sentiment_is_of_the_sums_and_not_a_mean_of_shares():
    both = totals(CELLS)
    assert both == Totals(40, 12, 7, 11, 0, 10)
    assert both.scored == 30
    assert both.net == pytest.approx(1 / 30)
    assert both.share("negative") == pytest.approx(11 / 30)


def test_under_ten_posts_with_a_label_there_is_no_share():
    few = totals_by(CELLS, lambda cell: cell["platform"])["reddit"]
    assert few.posts == 8
    assert few.net is None
    assert few.share("negative") is None


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (count(1234567), "1,234,567"),
        (count(None), NOTHING),
        (percent(0.1234), "12.3\u202f%"),
        (percent(1.0), "100.0\u202f%"),
        (percent(None), NOTHING),
        (points(0.128), "+12.8"),
        (points(-0.128), f"{MINUS}12.8"),
        (points(None), NOTHING),
        (usd(2.5), "2.50\u202fUSD"),
    ],
)
def test_numbers_are_written_one_way(written, expected):
    assert written == expected


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param(relative_change(110, 100), Change("10.0\u202f%", 1), id="more"),
        pytest.param(relative_change(90, 100), Change("10.0\u202f%", -1), id="less"),
        pytest.param(relative_change(100, 100), Change("0.0\u202f%", 0), id="the same"),
        pytest.param(relative_change(100, 0), None, id="of nothing"),
        pytest.param(change_in_points(0.25, 0.5), Change("25.0\u202fpts", -1), id="points"),
        pytest.param(change_in_points(0.25, None), None, id="of no share"),
    ],
)
def test_changes(change, expected):
    assert change == expected
