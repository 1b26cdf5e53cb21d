"""Turn the filters of a page into questions to the API."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from dashboard import clock, periods
from dashboard.api import Api, question
from dashboard.filters import DEFAULT_DAYS, Filters
from dashboard.names import platform_name
from dashboard.periods import Period

MENTIONS = "/v1/query"
_YOUNG_DAYS = 3
_DATE = 10  # the first characters of a time are its date


@dataclass(frozen=True, slots=True)
class View:
    """The data that a page shows: filters, period, step of charts, and the last week's sums."""

    api: Api
    filters: Filters
    period: Period
    step: str
    overall: dict[str, Any]

    @property
    def as_of(self) -> dict[str, Any]:
        """The versions of the tables that the figures come from."""
        return dict(self.overall.get("as_of") or {})

    def compared(self, posts_before: int) -> str:
        """Say which period changes compare with, or that it has no posts."""
        days = self.filters.days
        before = "the 24 hours before" if days == 1 else f"the {days} days before"
        if self.filters.has_dates:
            before = "the period before"
        if not posts_before:
            return f"No changes are shown, because there are no posts in {before}."
        return f"Changes compare with {before}."

    @property
    def stated(self) -> str:
        """The period, platforms and channel in one line."""
        where = ", ".join(map(platform_name, self.filters.platforms)) or "all platforms"
        channel = f", channel {self.filters.channel}" if self.filters.channel else ""
        return f"{self.period.stated()} · {where}{channel}"

    def cells(self, *, by: str, step: str = "", period: Period | None = None) -> dict[str, Any]:
        """Return the API's sums of a period, this view's period by default."""
        span = period or self.period
        answer = self.api.get(
            question(
                MENTIONS,
                metric="sentiment",
                step=step or self.step,
                by=by,
                from_=periods.written(span.start),
                to=periods.written(span.end),
                platform=",".join(self.filters.platforms),
                channel=self.filters.channel,
            )
        )
        return dict(answer)

    def posts(self, *, limit: int, cursor: str = "") -> dict[str, Any]:
        """Return the newest posts of the period."""
        answer = self.api.get(
            question(
                "/v1/posts",
                from_=periods.written(self.period.start),
                to=periods.written(self.period.end),
                platform=",".join(self.filters.platforms),
                channel=self.filters.channel,
                label=self.filters.label,
                limit=limit,
                cursor=cursor,
            )
        )
        return dict(answer)


def overall(api: Api) -> dict[str, Any]:
    """Return the sums of the last week by platform, which also say where the data ends."""
    return dict(api.get(question(MENTIONS, metric="volume", step="day", by="platform")))


def view(api: Api, filters: Filters, overall: dict[str, Any]) -> View:
    """Return the view that the filters select."""
    if filters.first and filters.last:
        period = periods.between(filters.first, filters.last)
    else:
        period = periods.last_days(filters.days, periods.read(overall["to"]))
    return View(api, filters, period, _step(filters, period, overall), overall)


def _step(filters: Filters, period: Period, overall: dict[str, Any]) -> str:
    """Return the step of charts. It is the hour if a young lake has data of few days only."""
    days = {str(cell["at"])[:_DATE] for cell in overall["cells"]}
    is_young = len(days) <= _YOUNG_DAYS and filters.days <= DEFAULT_DAYS
    return "hour" if is_young and not filters.has_dates else period.step


def platforms_in(overall: dict[str, Any]) -> list[str]:
    """Return the platforms with posts in the last week."""
    cells = overall.get("cells", ())
    return sorted({cell["platform"] for cell in cells if cell.get("platform")})


def newest_day(overall: dict[str, Any]) -> date:
    """Return the last day with data, or today if there is none."""
    if not overall.get("to"):
        return clock.current_day()
    return (periods.read(overall["to"]) - timedelta(seconds=1)).date()
