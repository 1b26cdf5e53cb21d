"""Convert platforms' times to microseconds since 1970, UTC."""

from datetime import UTC, date, datetime

from schemas.epoch import EPOCH, to_datetime, to_micros

LATEST_MICROS = 253_402_300_799_999_999  # the year 9999
DAY_MICROS = 86_400_000_000


def iso_micros(declared: object) -> int | None:
    """Convert a time in ISO 8601, in UTC if it names no zone; None for any other value."""
    try:
        moment = datetime.fromisoformat(declared.upper()) if isinstance(declared, str) else None
    except ValueError:
        return None
    return None if moment is None else _micros(moment)


def x_v1_micros(declared: object) -> int | None:
    """Convert X API v1.1's `Thu Jun 27 00:25:31 +0000 2019`; None for any other text."""
    try:
        return _micros(datetime.strptime(str(declared), "%a %b %d %H:%M:%S %z %Y"))
    except ValueError:
        return None


def count_micros(count: object, *, per_second: int) -> int | None:
    """Convert an integer count since 1970, of seconds (1) or milliseconds (1,000) `per_second`.

    Return None for any other value, or for a time outside the years 1970 to 9999.
    """
    if isinstance(count, bool) or not isinstance(count, int):
        return None
    micros = count * (1_000_000 // per_second)
    return micros if 0 <= micros <= LATEST_MICROS else None


def day_of(micros: int) -> date:
    """Return the date of a time, limited to the years 1970 to 9999."""
    return to_datetime(min(max(micros, 0), LATEST_MICROS)).date()


def day_micros(day: str | None) -> int:
    """Return when a day in ISO 8601 begins, in microseconds; 0 for an unknown day."""
    return (date.fromisoformat(day).toordinal() - EPOCH.toordinal()) * DAY_MICROS if day else 0


def plausible(micros: int, *, since: date, seen_at: int | None) -> int | None:
    """Return the time of an id; None if it is before `since`, or over a day after `seen_at`."""
    if day_of(micros) < since or micros > (
        LATEST_MICROS if seen_at is None else seen_at + DAY_MICROS
    ):
        return None
    return micros


def _micros(moment: datetime) -> int:
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return to_micros(aware)
