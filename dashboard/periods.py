"""Stretches of time, half open and in UTC, and how they are divided."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

HOURS_UP_TO = timedelta(days=3)
DAYS_UP_TO = timedelta(days=120)
STEPS = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(days=7)}


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of time; `end` is not in it. It is compared with the one `back` before it."""

    start: datetime
    end: datetime
    back: timedelta

    @property
    def before(self) -> "Period":
        """The stretch to compare with: as many hours, of the same days of the week."""
        return Period(self.start - self.back, self.end - self.back, self.back)

    @property
    def step(self) -> str:
        """The step that gives a chart some dozens of bars."""
        length = self.end - self.start
        if length <= HOURS_UP_TO:
            return "hour"
        return "day" if length <= DAYS_UP_TO else "week"

    def unfinished(self, step: str) -> str:
        """Return that the last day of a chart is not whole, in words; empty where it is."""
        is_whole = step != "day" or self.end.time() == time()
        return "" if is_whole else f"The last day ends at {self.end:%H:%M} UTC."

    def stated(self) -> str:
        """Return both ends as text."""
        return f"{moment(self.start)} to {moment(self.end)} UTC"


def last_days(days: int, end: datetime) -> Period:
    """Return so many days, the last of which ends early; one day is the 24 hours before."""
    if days == 1:
        return Period(end - timedelta(days=1), end, timedelta(days=1))
    today = datetime.combine((end - timedelta(seconds=1)).date(), time(), UTC)
    return Period(today - timedelta(days=days - 1), end, timedelta(days=days))


def between(first: date, last: date) -> Period:
    """Return the days from one to another, both included."""
    start = datetime.combine(first, time(), UTC)
    length = timedelta(days=(last - first).days + 1)
    return Period(start, start + length, length)


def read(text: str) -> datetime:
    """Return a moment that the API wrote."""
    return datetime.fromisoformat(text).astimezone(UTC)


def written(moment_: datetime) -> str:
    """Return a moment as the API reads it."""
    return moment_.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def moment(at: datetime) -> str:
    """Return a moment for people, without the zone's name."""
    return f"{at.day} {at:%b %Y %H:%M}"


def cell_name(at: datetime, step: str) -> str:
    """Return what a step of a chart is called."""
    if step == "hour":
        return f"{moment(at)} UTC"
    return ("week of " if step == "week" else "") + f"{at.day} {at:%b %Y}"
