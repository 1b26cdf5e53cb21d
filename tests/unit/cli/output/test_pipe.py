"""A command ends quietly if the reader of its standard output ends first."""

import os
import subprocess
import sys

import pytest

from cli.output.pipe import UNREAD, ending_with_its_reader

ENDLESS = """
from itertools import count
from cli.output.pipe import ending_with_its_reader
with ending_with_its_reader():
    for number in count():
        print(number)
"""
LATE = """
import sys
from cli.output.pipe import ending_with_its_reader
with ending_with_its_reader():
    print("said at the end")
    sys.stdin.read()
"""


@pytest.mark.parametrize(("code", "lines"), [(ENDLESS, 1), (LATE, 0)], ids=["full", "buffered"])
def test_a_command_ends_with_its_reader_in_silence(code, lines):
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert [process.stdout.readline() for _ in range(lines)] == [b"0\n"] * lines
        process.stdout.close()
        process.stdin.close()
        assert (process.wait(60), process.stderr.read()) == (UNREAD, b"")


def test_another_pipe_that_breaks_is_an_error():
    reading, writing = os.pipe()
    os.close(reading)
    with pytest.raises(BrokenPipeError), ending_with_its_reader():
        os.write(writing, b"a")
    os.close(writing)
