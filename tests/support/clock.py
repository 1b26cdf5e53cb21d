"""Set the time of tests to that of their data. No other file of tests reads the wall clock.

TEST_BASE_SHIFT_DAYS moves the data by so many days, which shows that no expected value depends on
the day of the run. TEST_CLOCK_SHIFT_S moves the present instead, by so many seconds: the product's
clock and `machine_micros` (`make test-calendar`). The times of files and the clocks of libraries
remain the machine's.
"""

import os
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from foundation import clock

UNSHIFTED = datetime(2026, 1, 2, 15, tzinfo=UTC)  # of data in files
BASE = UNSHIFTED + timedelta(days=int(os.environ.get("TEST_BASE_SHIFT_DAYS", "0")))
_SHIFT_S = int(os.environ.get("TEST_CLOCK_SHIFT_S", "0"))


def going_on_from(start: datetime) -> Callable[[], datetime]:
    """Return a clock that now shows this time and runs at the usual pace."""
    begun = time.monotonic()
    return lambda: start + timedelta(seconds=time.monotonic() - begun)


def machine_micros() -> int:
    """Return the machine's time in microseconds since 1970, for use beside a server."""
    return time.time_ns() // 1000 + _SHIFT_S * 1_000_000


def shift_the_products() -> None:
    """Shift the product's clock in this process by TEST_CLOCK_SHIFT_S."""
    if _SHIFT_S:
        clock.now = lambda: datetime.now(UTC) + timedelta(seconds=_SHIFT_S)
        clock.micros = machine_micros


def seconds_until(moment: datetime) -> int:
    """Return by how much the clock must move to show this time, which may be past."""
    return round((moment - datetime.now(UTC)).total_seconds())
