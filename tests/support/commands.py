"""Run the `echostream` command as users do, as a program of its own.

It always has a deadline, and no test leaves it running.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from foundation.settings import Settings
from tests.conftest import QUICK_JVM

PROGRAM = str(Path(sys.executable).with_name("echostream"))
RUN_S = 280
_POLL_S = 0.1


@dataclass(frozen=True)
class Done:
    """A command that has ended."""

    code: int
    out: str
    error: str


def environment(settings: Settings, **more: str) -> dict[str, str]:
    """Return the command's environment: this machine's, and the settings of one test's stack."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ECHOSTREAM_")}
    if jars := os.environ.get("TEST_JARS_DIR"):
        kept |= {"ECHOSTREAM_SPARK__JARS_DIR": jars}
    return kept | {
        "ECHOSTREAM_HOME": str(settings.home),
        "ECHOSTREAM_LAKE": settings.lake,
        "ECHOSTREAM_S3__ENDPOINT": settings.s3.endpoint,
        "ECHOSTREAM_S3__TIMEOUT_S": str(settings.s3.timeout_s),
        "ECHOSTREAM_BROKER__PORT": str(settings.broker.port),
        "ECHOSTREAM_BROKER__CONTROLLER_PORT": str(settings.broker.controller_port),
        "ECHOSTREAM_SPARK__UI": "false",
        "ECHOSTREAM_SPARK__JAVA_OPTIONS": QUICK_JVM,
        "ECHOSTREAM_SPARK__EXTRA": json.dumps(settings.spark.extra),
        "ECHOSTREAM_LOG_LEVEL": "debug",
        "ECHOSTREAM_STREAM__TRIGGER_S": "0.5",
        **{f"ECHOSTREAM_{name.upper()}": value for name, value in more.items() if name.islower()},
        **{name: value for name, value in more.items() if not name.islower()},
    }


def echostream(settings: Settings, *words: str, timeout_s: float = RUN_S, **more: str) -> Done:
    """Run a command to its end."""
    with started(settings, *words, **more) as running:
        running.wait(timeout_s)
        return Done(running.process.returncode, running.out, running.error)


@dataclass(frozen=True)
class Running:
    """A running command, in its own session."""

    process: subprocess.Popen[bytes]
    out_file: Path
    error_file: Path

    @property
    def out(self) -> str:
        """The command's standard output so far."""
        return self.out_file.read_text()

    @property
    def error(self) -> str:
        """The command's standard error so far."""
        return self.error_file.read_text()

    def wait(self, timeout_s: float) -> int:
        """Wait for the command's end and return its exit code."""
        return self.process.wait(timeout_s)

    def terminate(self) -> None:
        """Kill only the command itself, as `kill` does."""
        self.process.send_signal(signal.SIGTERM)

    def kill_all(self) -> None:
        """Kill everything that the command started at once, as a crash of the machine does."""
        _kill_session(self.process.pid)

    def pids(self) -> list[int]:
        """Return the processes of its session, including Spark's JVM and its Python workers."""
        return _pids_of(self.process.pid)

    def until(self, holds: Callable[[], bool], *, within_s: float, what: str) -> None:
        """Wait until a condition is true while the command runs."""
        deadline = time.monotonic() + within_s
        while not holds():
            code = self.process.poll()
            assert code is None, f"it ended with {code} before {what}: {self.error}"
            assert time.monotonic() < deadline, (
                f"no {what} within {within_s} s; it said: {self.out[-500:]}"
            )
            time.sleep(_POLL_S)


@contextmanager
def started(settings: Settings, *words: str, **more: str) -> Iterator[Running]:
    """Run a command within the block, and then kill what is left of it."""
    folder = settings.home / "commands"
    folder.mkdir(parents=True, exist_ok=True)
    number = len(list(folder.glob("*.out")))
    out = folder / f"{number}.out"
    error = folder / f"{number}.err"
    with out.open("wb") as to_out, error.open("wb") as to_error:
        process = subprocess.Popen(
            [PROGRAM, *words],
            env=environment(settings, **more),
            cwd=settings.home,
            stdin=subprocess.DEVNULL,
            stdout=to_out,
            stderr=to_error,
            start_new_session=True,
        )
    running = Running(process, out, error)
    try:
        yield running
    finally:
        stop_session(process)


def stop_session(process: subprocess.Popen[bytes]) -> None:
    """End a program that leads a session, and everything that it started."""
    _kill_session(process.pid)
    process.wait(30)
    wait_until(lambda: not _pids_of(process.pid), within_s=30, what="end of all that it started")


def wait_until(
    holds: Callable[[], bool], *, within_s: float, what: str, every_s: float = _POLL_S
) -> None:
    """Wait until a condition is true."""
    deadline = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < deadline, f"no {what} within {within_s} s"
        time.sleep(every_s)


def _kill_session(leader: int) -> None:
    for pid in _pids_of(leader):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _pids_of(leader: int) -> list[int]:
    return [pid for pid in _all_pids() if _session(pid) == leader]


def _all_pids() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _session(pid: int) -> int | None:
    """Return the processes of a session of which any thread still runs."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return None
    ended = fields[0] in {"Z", "X"} and int(fields[17]) <= 1
    return None if ended else int(fields[3])
