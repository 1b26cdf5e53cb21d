"""Jobs as a program: `spark-submit … streaming/submit.py` runs all of them, `streaming/<job>.py` one.

Options: `--conf-file FILE`, `--trigger available-now`, and for this file `--jobs` with some of the names.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

from foundation.errors import EchoStreamError
from foundation.sections import JobName
from foundation.settings import load_settings

JOBS: tuple[JobName, ...] = get_args(JobName)


def submit(*only: JobName) -> None:
    """Run one job, or those that are asked for, until they end or are told to; exit codes as of the command line."""
    from streaming.run import run  # noqa: PLC0415  # it imports the jobs, one of which is running this

    given = _parser(only).parse_args()
    jobs = only or tuple(name for name in JOBS if name in given.jobs)
    try:
        run(load_settings(given.conf_file), available_now=given.trigger == "available-now", jobs=jobs)
    except EchoStreamError as error:
        sys.stderr.write(f"error: {error}\n")
        sys.exit(error.exit_code)


def _parser(only: Sequence[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=only[0] if only else "submit")
    parser.add_argument("--conf-file", type=Path)
    parser.add_argument("--trigger", choices=("available-now", "continuous"), default="continuous")
    if not only:
        parser.add_argument("--jobs", nargs="+", choices=JOBS, default=JOBS)
    return parser


if __name__ == "__main__":
    submit()
