"""Run a batch job as a program, such as `spark-submit … batch/submit.py compact`.

Jobs, options and exit codes are those of the `echostream` command.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from batch.job import BatchJob
from batch.jobs import BATCH_JOBS
from foundation.errors import EchoStreamError
from foundation.os_errors import told
from foundation.settings import load_settings


def main(words: Sequence[str] | None = None) -> None:
    """Run the job that the words name, and print a line after each of its steps."""
    options = vars(parser().parse_args(words))
    job: BatchJob = options.pop("job")
    conf_file = options.pop("conf_file")
    debug = options.pop("debug")
    wait_s = options.pop("wait_for_lake")
    try:
        for line in job.run(load_settings(conf_file), wait_s=wait_s, **options):
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()
    except EchoStreamError as error:
        _exit(error.with_entry(), error.exit_code)
    except Exception as error:
        if debug:
            raise
        _exit(told(error), 1)


def _exit(message: str, exit_code: int) -> None:
    sys.stderr.write(f"error: {message}\n")
    sys.exit(exit_code)


def parser() -> argparse.ArgumentParser:
    """Return the parser for all jobs; a job's name of two words is a command and a subcommand."""
    program = argparse.ArgumentParser(prog="submit")
    program.add_argument("--conf-file", type=Path)
    program.add_argument("--debug", action="store_true")
    groups = {"": program.add_subparsers(required=True)}
    for job in BATCH_JOBS:
        group, _, name = job.name.rpartition(" ")
        if group not in groups:
            groups[group] = groups[""].add_parser(group).add_subparsers(required=True)
        command = groups[group].add_parser(name)
        command.set_defaults(job=job)
        command.add_argument("--wait-for-lake", type=float, default=0.0, metavar="SECONDS")
        for flag, description in job.arguments.items():
            command.add_argument(flag, **description)
    return program


if __name__ == "__main__":
    main()
