"""Only the JVM is killed, as the kernel does when memory is short.

One line says so, and the next run continues.
"""

import os
import signal
from pathlib import Path

import pytest

from tests.faults.conftest import RATES
from tests.support.commands import echostream, started
from tests.support.kafka import generate
from tests.support.lake import assert_exact

START_S = 120


def java(pids):
    """Return the session's JVM."""
    for pid in pids:
        try:
            name = Path(f"/proc/{pid}/comm").read_text().strip()
        except OSError:
            continue
        if name == "java":
            return pid
    return None


@pytest.mark.timeout(600)
def test_a_killed_jvm_has_a_name_and_the_next_run_goes_on(home):
    ledger = generate(home, 300, seed=7, rates=RATES)
    with started(home, "run") as run:
        run.until(lambda: "topic_to_bronze" in run.out, within_s=START_S, what="first batch")
        os.kill(java(run.pids()), signal.SIGKILL)
        assert run.wait(60) == 1
        assert run.error.splitlines() == [run.error.strip()], "more than one line"
        assert run.error.startswith(
            "error: Java, in which Spark runs, has ended or was killed. Nothing is lost"
        )
    assert echostream(home, "run", "--available-now").code == 0
    assert_exact(home, ledger)
