"""Read the wall clock for the dashboard, which may not import `foundation.clock`."""

from datetime import UTC, date, datetime


def current_day() -> date:
    """Return today's date in UTC."""
    return datetime.now(UTC).date()
