"""Compute periods in UTC, the periods before them, and the steps of charts."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

HOURS_UP_TO = timedelta(days=3)
DAYS_UP_TO = timedelta(days=120)
STEPS = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(days=7)}


@dataclass(frozen=True, slots=True)
class Period:
    """A period [start, end). It is compared with the period that lies `back` earlier."""

    start: datetime
    end: datetime
    back: timedelta

    @property
    def before(self) -> "Period":
        """The period to compare with. It is as long as this one, and `back` earlier."""
        return Period(self.start - self.back, self.end - self.back, self.back)

    @property
    def step(self) -> str:
        """The step that gives a chart a few dozen bars."""
        length = self.end - self.start
        if length <= HOURS_UP_TO:
            return "hour"
        return "day" if length <= DAYS_UP_TO else "week"

    def unfinished(self, step: str) -> str:
        """Say when the last day of a chart ends, if it is incomplete; otherwise return ''."""
        is_whole = step != "day" or self.end.time() == time()
        return "" if is_whole else f"The last day is incomplete and ends at {self.end:%H:%M} UTC."

    def stated(self) -> str:
        """Return both ends as text."""
        return f"{moment(self.start)} to {moment(self.end)} UTC"


def last_days(days: int, end: datetime) -> Period:
    """Return the last days up to `end`. One day means the 24 hours before `end`."""
    if days == 1:
        return Period(end - timedelta(days=1), end, timedelta(days=1))
    today = datetime.combine((end - timedelta(seconds=1)).date(), time(), UTC)
    return Period(today - timedelta(days=days - 1), end, timedelta(days=days))


def between(first: date, last: date) -> Period:
    """Return the period from the first to the last day, both inclusive."""
    start = datetime.combine(first, time(), UTC)
    length = timedelta(days=(last - first).days + 1)
    return Period(start, start + length, length)


def read(text: str) -> datetime:
    """Parse a time that the API wrote."""
    return datetime.fromisoformat(text).astimezone(UTC)


def written(moment_: datetime) -> str:
    """Write a time as the API reads it."""
    return moment_.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def moment(at: datetime) -> str:
    """Write a time for people, without its zone."""
    return f"{at.day} {at:%b %Y %H:%M}"


def cell_name(at: datetime, step: str) -> str:
    """Return the name of a step of a chart, such as `week of 30 Nov 2026`."""
    if step == "hour":
        return f"{moment(at)} UTC"
    return ("week of " if step == "week" else "") + f"{at.day} {at:%b %Y}"
