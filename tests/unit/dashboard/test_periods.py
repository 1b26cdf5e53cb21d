"""Periods, the periods before them, and the names of steps are right."""

from datetime import UTC, date, datetime, timedelta

import pytest

from dashboard.periods import Period, between, cell_name, last_days, read, written

END = datetime(2026, 3, 4, 13, tzinfo=UTC)


@pytest.mark.parametrize(
    ("period", "start", "before", "step"),
    [
        pytest.param(
            last_days(1, END),
            datetime(2026, 3, 3, 13, tzinfo=UTC),
            (datetime(2026, 3, 2, 13, tzinfo=UTC), datetime(2026, 3, 3, 13, tzinfo=UTC)),
            "hour",
            id="a day is 24 hours",
        ),
        pytest.param(
            last_days(7, END),
            datetime(2026, 2, 26, tzinfo=UTC),
            (datetime(2026, 2, 19, tzinfo=UTC), datetime(2026, 2, 25, 13, tzinfo=UTC)),
            "day",
            id="a week begins at midnight and is compared with the same hours of the week before",
        ),
        pytest.param(
            last_days(7, datetime(2026, 3, 4, tzinfo=UTC)),
            datetime(2026, 2, 25, tzinfo=UTC),
            (datetime(2026, 2, 18, tzinfo=UTC), datetime(2026, 2, 25, tzinfo=UTC)),
            "day",
            id="data that ends at midnight ends the day before",
        ),
        pytest.param(
            between(date(2026, 3, 1), date(2026, 3, 2)),
            datetime(2026, 3, 1, tzinfo=UTC),
            (datetime(2026, 2, 27, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC)),
            "hour",
            id="two dates, both included",
        ),
        pytest.param(
            between(date(2026, 1, 1), date(2026, 12, 31)),
            datetime(2026, 1, 1, tzinfo=UTC),
            (datetime(2025, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)),
            "week",
            id="a year has weeks",
        ),
    ],
)
def test_a_period(period, start, before, step):
    assert period.start == start
    assert (period.before.start, period.before.end) == before
    assert period.step == step


def test_times_are_written_as_they_are_read():
    assert written(read("2026-03-04T12:00:00Z")) == "2026-03-04T12:00:00Z"
    assert written(read("2026-03-04T13:00:00+01:00")) == "2026-03-04T12:00:00Z"


@pytest.mark.parametrize(
    ("end", "step", "words"),
    [
        (END, "day", "The last day is incomplete and ends at 13:00 UTC."),
        (END, "hour", ""),
        (END.replace(hour=0), "day", ""),
    ],
)
def test_a_last_day_that_is_not_whole_says_so(end, step, words):
    assert last_days(7, end).unfinished(step) == words


def test_a_period_says_its_zone():
    shown = Period(END - timedelta(days=1), END, timedelta(days=1)).stated()
    assert shown == "3 Mar 2026 13:00 to 4 Mar 2026 13:00 UTC"


@pytest.mark.parametrize(
    ("step", "name"),
    [("hour", "4 Mar 2026 13:00 UTC"), ("day", "4 Mar 2026"), ("week", "week of 4 Mar 2026")],
)
def test_steps_have_names(step, name):
    assert cell_name(END, step) == name
