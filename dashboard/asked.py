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
_DATE = 10  # characters of a time that are its day


@dataclass(frozen=True, slots=True)
class View:
    """The view of a page: the choice, its period, and the lake's description of itself."""

    api: Api
    filters: Filters
    period: Period
    step: str
    overall: dict[str, Any]

    @property
    def as_of(self) -> dict[str, Any]:
        """The version that the figures come from."""
        return dict(self.overall.get("as_of") or {})

    def compared(self, posts_before: int) -> str:
        """Return what changes are against, or that there is nothing to compare with."""
        days = self.filters.days
        before = "the 24 hours before" if days == 1 else f"the {days} days before"
        if self.filters.has_dates:
            before = "the period before"
        if not posts_before:
            return f"No changes are shown, for lack of posts in {before}."
        return f"Changes are against {before}."

    @property
    def stated(self) -> str:
        """Return the view in one line."""
        where = ", ".join(map(platform_name, self.filters.platforms)) or "all platforms"
        channel = f", channel {self.filters.channel}" if self.filters.channel else ""
        return f"{self.period.stated()} · {where}{channel}"

    def cells(self, *, by: str, step: str = "", period: Period | None = None) -> dict[str, Any]:
        """Return the answer about the cells of a period."""
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
    """Return the last week of data by platform, which says where the data ends."""
    return dict(api.get(question(MENTIONS, metric="volume", step="day", by="platform")))


def view(api: Api, filters: Filters, overall: dict[str, Any]) -> View:
    """Return what a page looks at."""
    if filters.first and filters.last:
        period = periods.between(filters.first, filters.last)
    else:
        period = periods.last_days(filters.days, periods.read(overall["to"]))
    return View(api, filters, period, _step(filters, period, overall), overall)


def _step(filters: Filters, period: Period, overall: dict[str, Any]) -> str:
    """Return the step of charts: hours where the lake is so young that days would be few bars."""
    days = {str(cell["at"])[:_DATE] for cell in overall["cells"]}
    is_young = len(days) <= _YOUNG_DAYS and filters.days <= DEFAULT_DAYS
    return "hour" if is_young and not filters.has_dates else period.step


def platforms_in(overall: dict[str, Any]) -> list[str]:
    """Return the platforms that the last week has."""
    cells = overall.get("cells", ())
    return sorted({cell["platform"] for cell in cells if cell.get("platform")})


def newest_day(overall: dict[str, Any]) -> date:
    """Return the last day that has data; today where there is none."""
    if not overall.get("to"):
        return clock.current_day()
    return (periods.read(overall["to"]) - timedelta(seconds=1)).date()
