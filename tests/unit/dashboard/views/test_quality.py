"""The page Data quality has the right rows."""

import pytest

from dashboard.figures import NARROW, NOTHING
from dashboard.views.quality import limit_rows


@pytest.mark.parametrize(
    ("quota", "row"),
    [
        (
            {"platform": "x", "unit": "usd", "spent": 1.5, "limit": 25, "window": "month"},
            ("X, a month", f"1.50{NARROW}USD", f"25.00{NARROW}USD", f"23.50{NARROW}USD"),
        ),
        (
            {"platform": "linkedin", "unit": "calls", "spent": 501, "limit": 500, "window": "day"},
            ("LinkedIn calls, a day", "501", "500", "0"),
        ),
        (
            {"platform": "newest", "spent": 1, "limit": None},
            ("newest, in all", "1", NOTHING, NOTHING),
        ),
    ],
)
def test_a_quota_is_written_in_its_unit(quota, row):
    assert [tuple(each.values()) for each in limit_rows({"costs": [], "quotas": [quota]})] == [row]


def test_a_cost_without_a_limit_has_nothing_left_to_tell():
    cost = {"name": "Comprehend", "spent_usd": 2, "limit_usd": None}
    (row,) = limit_rows({"costs": [cost], "quotas": []})
    assert row["spent"] == f"2.00{NARROW}USD"
    assert row["left"] == NOTHING
