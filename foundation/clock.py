"""The one module that asks the wall clock, so that a test can put another in its stead.

Whoever compares with a time takes it as a parameter, or asks here by the module's name:
`clock.now()`.
"""

import time
from datetime import UTC, datetime


def now() -> datetime:
    """Tell the present moment, in UTC."""
    return datetime.now(UTC)


def micros() -> int:
    """Tell the present moment in microseconds since 1970."""
    return time.time_ns() // 1000


def file_s() -> float:
    """Tell the present moment as files tell theirs, in seconds since 1970.

    The age of a file, an object or a table's commit is counted by it: their times are the
    machine's, in tests too.
    """
    return time.time()
