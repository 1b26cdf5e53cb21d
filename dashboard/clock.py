"""The one module of the dashboard that asks the wall clock; the pages know nothing of ours."""

from datetime import UTC, date, datetime


def current_day() -> date:
    """Tell the day that it is, in UTC."""
    return datetime.now(UTC).date()
