"""Tests live at the time of their data. No other file of tests asks the clock on the wall.

TEST_BASE_SHIFT_DAYS moves the data by so many days, to see that no right value depends on when a
test runs. TEST_CLOCK_SHIFT_S moves the present instead, by so many seconds: the product's clock and
`machine_micros` (`make test-calendar`). Times of files, and the clocks of libraries, stay the
machine's.
"""

import os
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from foundation import clock

UNSHIFTED = datetime(2026, 1, 2, 15, tzinfo=UTC)  # of data that is kept in files
BASE = UNSHIFTED + timedelta(days=int(os.environ.get("TEST_BASE_SHIFT_DAYS", "0")))
_SHIFT_S = int(os.environ.get("TEST_CLOCK_SHIFT_S", "0"))


def going_on_from(start: datetime) -> Callable[[], datetime]:
    """Make a clock that shows that moment now, and goes on at the usual pace."""
    begun = time.monotonic()
    return lambda: start + timedelta(seconds=time.monotonic() - begun)


def machine_micros() -> int:
    """Return the machine's time in microseconds since 1970, for use beside a server."""
    return time.time_ns() // 1000 + _SHIFT_S * 1_000_000


def shift_the_products() -> None:
    """Shift the product's clock in this process, where TEST_CLOCK_SHIFT_S says so."""
    if _SHIFT_S:
        clock.now = lambda: datetime.now(UTC) + timedelta(seconds=_SHIFT_S)
        clock.micros = machine_micros


def seconds_until(moment: datetime) -> int:
    """Tell by how much the clock must move to show that moment, which may have passed."""
    return round((moment - datetime.now(UTC)).total_seconds())
