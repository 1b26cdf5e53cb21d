"""One job as a program: `spark-submit streaming/<job>.py [--conf-file FILE] [--trigger available-now]`."""

import argparse
import sys
from pathlib import Path

from foundation.errors import EchoStreamError
from foundation.settings import JobName, load_settings


def submit(name: JobName) -> None:
    """Run one job until it ends or is told to; exit codes as of the command line."""
    from streaming.run import run  # noqa: PLC0415  # it imports the jobs, one of which is running this

    parser = argparse.ArgumentParser(prog=name)
    parser.add_argument("--conf-file", type=Path)
    parser.add_argument("--trigger", choices=("available-now", "continuous"), default="continuous")
    given = parser.parse_args()
    try:
        run(load_settings(given.conf_file), available_now=given.trigger == "available-now", jobs=(name,))
    except EchoStreamError as error:
        sys.stderr.write(f"error: {error}\n")
        sys.exit(error.exit_code)
