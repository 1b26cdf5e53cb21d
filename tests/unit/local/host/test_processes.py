import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from local.host import processes
from local.host.processes import Process, end, is_alive, recall, remember
from tests.support.commands import wait_until

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]
FIRST_THREAD_ENDS = """
import ctypes, sys, threading
threading.Thread(target=sys.stdin.readline).start()
print("up", flush=True)
ctypes.CDLL(None).pthread_exit(None)
"""
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    "print('up', flush=True); time.sleep(60)"
)


@pytest.fixture
def sleeper():
    with subprocess.Popen(SLEEP) as process:
        yield process
        process.kill()


def test_remembered_until_it_ends(sleeper, tmp_path):
    file = tmp_path / "a.pid"
    process = remember(sleeper.pid, file)
    assert recall(file) == process
    end(process, patience_s=10)
    assert not is_alive(process)
    assert recall(file) is None


def test_one_that_ends_while_it_is_looked_at_leaves_nothing(sleeper, tmp_path, monkeypatch):
    process = remember(sleeper.pid, tmp_path / "a.pid")
    look = processes.start_time

    def ends_first(pid):
        os.kill(pid, 9)
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        return look(pid)

    monkeypatch.setattr(processes, "start_time", ends_first)
    assert not is_alive(process)
    with pytest.raises(ProcessLookupError):
        os.kill(process.pid, 0)


@pytest.mark.skipif(
    not Path("/proc/self/stat").exists(), reason="only Linux shows the first thread's state"
)
def test_one_whose_first_thread_has_ended_runs_until_the_others_have(tmp_path):
    with subprocess.Popen(
        [sys.executable, "-c", FIRST_THREAD_ENDS], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        child.stdout.readline()
        process = remember(child.pid, tmp_path / "a.pid")
        stat = Path(f"/proc/{child.pid}/stat")
        wait_until(lambda: ") Z " in stat.read_text(), within_s=10, what="end of the first thread")
        assert is_alive(process)
        child.stdin.close()  # the end of the other thread
        wait_until(lambda: not is_alive(process), within_s=10, what="end of the other thread")
        with pytest.raises(ProcessLookupError):
            os.kill(child.pid, 0)


def test_another_process_with_that_pid_is_not_ours(sleeper, tmp_path):
    file = tmp_path / "a.pid"
    file.write_text(json.dumps({"pid": sleeper.pid, "started": "another boot:1"}))
    assert recall(file) is None
    end(Process(sleeper.pid, "another boot:1"), patience_s=1)
    assert sleeper.poll() is None


@pytest.mark.parametrize("text", [None, "", "12", "{}", '{"pid": 1}', "null"])
def test_no_or_broken_pid_file(tmp_path, text):
    file = tmp_path / "a.pid"
    if text is not None:
        file.write_text(text)
    assert recall(file) is None


def test_one_that_does_not_listen_is_killed(tmp_path):
    with subprocess.Popen([sys.executable, "-c", STUBBORN], stdout=subprocess.PIPE) as stubborn:
        stubborn.stdout.readline()
        process = remember(stubborn.pid, tmp_path / "a.pid")
        end(process, patience_s=0.5)
        assert not is_alive(process)
