"""Ctrl-C ends a program also when Python does not notice it."""

import signal
import subprocess
import sys

from cli.input.signals import INTERRUPTED

# The handler stands for a library that continues without checking for signals.
DEAF = """
import signal
import threading
from cli.input.signals import ending_soon
signal.signal(signal.SIGINT, lambda *_: threading.Event().wait())
with ending_soon(grace_s=0.01):
    print("ready", flush=True)
    threading.Event().wait()
"""


def test_ctrl_c_ends_a_process_that_does_not_notice_it():
    with subprocess.Popen(
        [sys.executable, "-c", DEAF], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(signal.SIGINT)
        assert (process.wait(60), process.stderr.read()) == (INTERRUPTED, b"")
