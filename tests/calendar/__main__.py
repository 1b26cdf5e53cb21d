"""Run the unit tests at moments of other days, years and zones (`make test-calendar`).

The run ends with the first moment that fails. Arguments after `python -m tests.calendar` go to
pytest instead of `DEFAULT`.
"""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.support.clock import seconds_until

FOLDER = Path(__file__).parent
DEFAULT = ("-n", "2", "-m", "not nightly", "tests/unit")
DAY_S = int(timedelta(days=1).total_seconds())
# Each moment has a name, a zone and a shift of the clock. In the last two, Berlin's clocks skip or
# repeat the hour.
MOMENTS = {
    "45 days from now": ("UTC", 45 * DAY_S),
    "400 days from now": ("Europe/Berlin", 400 * DAY_S),
    "1,500 days from now": ("UTC", 1_500 * DAY_S),
    "29 February": ("UTC", seconds_until(datetime(2028, 2, 29, 12, tzinfo=UTC))),
    "summer time begins": (
        "Europe/Berlin",
        seconds_until(datetime(2027, 3, 28, 0, 58, tzinfo=UTC)),
    ),
    "summer time ends": ("Europe/Berlin", seconds_until(datetime(2026, 10, 25, 0, 30, tzinfo=UTC))),
}


def main(arguments: list[str]) -> int:
    """Run the tests at each moment in turn."""
    pytest = [sys.executable, "-m", "pytest", *(arguments or DEFAULT)]
    for name, (zone, shift_s) in MOMENTS.items():
        sys.stderr.write(f"test-calendar: {name}, {zone}\n")
        path = os.pathsep.join([str(FOLDER), str(FOLDER.parents[1])])
        env = os.environ | {"TEST_CLOCK_SHIFT_S": str(shift_s), "TZ": zone, "PYTHONPATH": path}
        code = subprocess.run(pytest, env=env, check=False).returncode
        if code:
            return code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
