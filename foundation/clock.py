"""Read the wall clock. No other module does, so that a test can replace it here.

Code that compares times takes a time as parameter, or calls `clock.now()` by the module's name.
"""

import time
from datetime import UTC, datetime


def now() -> datetime:
    """Return the current time in UTC."""
    return datetime.now(UTC)


def micros() -> int:
    """Return the current time in microseconds since 1970."""
    return time.time_ns() // 1000


def file_s() -> float:
    """Return the machine's time in seconds since 1970, to compute the age of files.

    The times of files, objects and commits come from the machine, also in tests that replace `now`.
    """
    return time.time()
