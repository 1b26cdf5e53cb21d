"""A full standard output is a named error, and a closed one ends quietly."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cli.output.pipe import UNREAD

FULL = Path("/dev/full")
PRINTS = "from cli import main\nmain.app = lambda: {}\nmain.main()\n"


def run(work, stdout, *options):
    code = PRINTS.format(work)
    return subprocess.run(
        [sys.executable, *options, "-c", code],
        env={name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"},
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        timeout=60,
    )


WORKS = {"little": "print('a') or exit()", "much": "print('a' * 100_000)"}


@pytest.mark.skipif(not FULL.exists(), reason="no /dev/full")
@pytest.mark.parametrize(
    ("work", "options"),
    [
        pytest.param(WORKS["little"], [], id="at the end"),
        pytest.param(WORKS["much"], [], id="at once"),
        pytest.param(WORKS["little"], ["-u"], id="unbuffered"),
    ],
)
def test_a_full_output_is_named(work, options):
    with FULL.open("wb") as full:
        done = run(work, full, *options)
    line = "standard output: No space left on device. Make room there, and run it again"
    assert (done.returncode, done.stderr) == (1, f"error: {line}\n")


@pytest.mark.skipif(not FULL.exists(), reason="no /dev/full")
def test_an_error_is_told_though_the_output_is_full():
    with FULL.open("wb") as full:
        done = run("print('a') or 1 / 0", full)
    assert done.stderr == "error: internal: ZeroDivisionError; run with --debug to see where\n"
    assert done.returncode == 1


@pytest.mark.parametrize("work", WORKS.values(), ids=WORKS)
def test_a_closed_pipe_ends_quietly(work):
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "wb") as pipe:
        done = run(work, pipe)
    assert (done.returncode, done.stderr) == (UNREAD, "")


def test_no_output_at_all_is_no_error():
    done = subprocess.run(
        ["sh", "-c", '"$@" >&- <&-', "sh", sys.executable, "-m", "cli.main", "--help"],
        stderr=subprocess.PIPE,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, b"")
