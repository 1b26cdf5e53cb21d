"""What time it is: the one place that asks the clock on the wall, so that a test can put another in its stead.

Whoever compares with a time takes it as a parameter, or asks here: `clock.now()`, by the module's name.
"""

import time
from datetime import UTC, datetime


def now() -> datetime:
    """Tell the present moment, in UTC."""
    return datetime.now(UTC)


def file_s() -> float:
    """Tell the present moment as files tell theirs, in seconds since 1970.

    It is what the age of a file or of a table's commit is counted by, which no test dates.
    """
    return time.time()
