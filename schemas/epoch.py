"""Convert times of events, which are microseconds since 1970 in UTC, to datetimes and back."""

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_datetime(micros: int) -> datetime:
    """Return the moment in UTC.

    Raises:
        OverflowError: the moment lies outside the years 1 to 9999.
    """
    return EPOCH + timedelta(microseconds=micros)


def to_micros(moment: datetime) -> int:
    """Return the microseconds since 1970, exactly; the moment must have a time zone."""
    return (moment - EPOCH) // timedelta(microseconds=1)
