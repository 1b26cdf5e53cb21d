"""Run streaming jobs as a program: the options and exit codes of submit.py and the jobs' files.

The options are `--conf-file FILE`, `--trigger available-now`, and for several jobs `--jobs` with
some of their names.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from foundation.errors import EchoStreamError
from foundation.settings import load_settings
from streaming.run import StreamingJob, run


def main(*jobs: StreamingJob) -> None:
    """Run the jobs, or those that the options name; exit codes are the command line's."""
    given = _parser([job.name for job in jobs]).parse_args()
    wanted = [job for job in jobs if job.name in given.jobs]
    try:
        run(
            load_settings(given.conf_file),
            jobs=wanted,
            available_now=given.trigger == "available-now",
        )
    except EchoStreamError as error:
        sys.stderr.write(f"error: {error.with_entry()}\n")
        sys.exit(error.exit_code)


def _parser(names: Sequence[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=names[0] if len(names) == 1 else "submit")
    parser.add_argument("--conf-file", type=Path)
    parser.add_argument("--trigger", choices=("available-now", "continuous"), default="continuous")
    if len(names) > 1:
        parser.add_argument("--jobs", nargs="+", choices=names, default=names)
    else:
        parser.set_defaults(jobs=names)
    return parser
