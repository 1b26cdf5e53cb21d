"""Times of events convert to datetimes and back exactly, in UTC; those without zone are refused."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from schemas.epoch import to_datetime, to_micros

EAST = timezone(timedelta(hours=5, minutes=30))


@pytest.mark.parametrize(
    ("micros", "moment"),
    [
        (0, datetime(1970, 1, 1, tzinfo=UTC)),
        (-1, datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)),
        (1_700_000_000_123_457, datetime(2023, 11, 14, 22, 13, 20, 123_457, tzinfo=UTC)),
        # a float of seconds cannot hold microseconds here
        (253_402_300_799_999_999, datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)),
    ],
)
def test_a_time_comes_back_as_it_went(micros, moment):
    assert to_datetime(micros) == moment
    assert to_datetime(micros).tzinfo is UTC
    assert to_micros(moment) == micros


def test_a_moment_of_another_zone_is_the_same_moment():
    assert to_micros(datetime(2023, 11, 15, 3, 43, 20, tzinfo=EAST)) == 1_700_000_000_000_000


def test_a_moment_without_a_zone_is_refused():
    with pytest.raises(TypeError):
        to_micros(datetime(2023, 11, 14, tzinfo=UTC).replace(tzinfo=None))


def test_a_time_beyond_the_calendar_is_refused():
    with pytest.raises(OverflowError):
        to_datetime(253_402_300_800_000_000)
