"""The time that tests live in: that of their data. No other file of tests asks the clock on the wall.

TEST_BASE_SHIFT_DAYS moves the data by so many days, to see that no right value depends on when a test runs.
"""

import os
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

BASE = datetime(2026, 1, 2, 15, tzinfo=UTC) + timedelta(days=int(os.environ.get("TEST_BASE_SHIFT_DAYS", "0")))


def going_on_from(start: datetime) -> Callable[[], datetime]:
    """Make a clock that shows that moment now, and goes on at the usual pace."""
    begun = time.monotonic()
    return lambda: start + timedelta(seconds=time.monotonic() - begun)


def machine_micros() -> int:
    """Tell the machine's time in microseconds since 1970, for what runs beside a server that goes by it."""
    return time.time_ns() // 1000
