"""Bound the times of an event, in microseconds since 1970 in UTC; jobs refuse all others."""

from datetime import date

from schemas.epoch import EPOCH

_EPOCH_DAY = EPOCH.toordinal()
DAY = 86_400_000_000
AHEAD = DAY  # how far the clock of another machine may be ahead
EARLIEST_CREATED = 631_152_000_000_000  # 1990: an older time is a default, such as 1970


def begin_of(day: date) -> int:
    """Return the time at which a day begins."""
    return (day.toordinal() - _EPOCH_DAY) * DAY


def observed_range(since: date, received_at: int) -> tuple[int, int]:
    """Return the first and the last time at which a post can have been observed.

    Args:
        since: the platform's first day.
        received_at: when Kafka received the record.
    """
    return begin_of(since), received_at + AHEAD
