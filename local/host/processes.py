"""Processes that outlive the command that started them, known by pid and start time.

A pid alone is not enough: after a reboot, or after some days, it may be somebody else's.

The start time is read without psutil. Its `create_time()` is a date that moves when the clock is
set, and these files outlive that: a process with a moved date would be taken for another one.
Ticks since a boot with its own id never move.
"""

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

INTERRUPTIONS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_POLL_S = 0.1


@dataclass(frozen=True, slots=True)
class Process:
    """One process, for ever."""

    pid: int
    started: str


def remember(pid: int, file: Path) -> Process:
    """Write down a process that was just started."""
    process = Process(pid, start_time(pid) or "")
    draft = file.with_suffix(".new")
    draft.write_text(json.dumps(asdict(process)), encoding="ascii")
    draft.replace(file)
    return process


def recall(file: Path) -> Process | None:
    """Return the process that was written down, when it still runs."""
    try:
        process = Process(**json.loads(file.read_text(encoding="ascii")))
    except (OSError, ValueError, TypeError):
        return None
    return process if is_alive(process) else None


def is_alive(process: Process) -> bool:
    """Tell whether this very process runs; one that ended but was not waited for does not."""
    alive = process.started != "" and start_time(process.pid) == process.started
    # our own child is waited for after the look: it may end between the two
    with suppress(ChildProcessError):
        os.waitpid(process.pid, os.WNOHANG)
    return alive


def end(process: Process, *, patience_s: float) -> None:
    """Ask it to end, wait, then kill it. By its pid alone, and never another one."""
    for number, wait_s in ((signal.SIGTERM, patience_s), (signal.SIGKILL, patience_s)):
        if not is_alive(process):
            return
        with suppress(ProcessLookupError):
            os.kill(process.pid, number)
        deadline = time.monotonic() + wait_s
        while is_alive(process) and time.monotonic() < deadline:
            time.sleep(_POLL_S)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Ignore what would interrupt this process: a second Ctrl-C must not leave others behind."""
    former = {number: signal.signal(number, signal.SIG_IGN) for number in INTERRUPTIONS}
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


def start_time(pid: int) -> str | None:
    stat = Path(f"/proc/{pid}/stat")
    if not Path("/proc/self/stat").exists():
        return _start_time_by_ps(pid)
    try:
        fields = stat.read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return None
    state = fields[0]
    threads = int(fields[17])
    ticks = fields[19]
    # The state is the first thread's. A JVM's ends before its others, which hold ports and files
    # until they end too.
    if state in {"Z", "X"} and threads <= 1:
        return None
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return f"{boot}:{ticks}"


def _start_time_by_ps(pid: int) -> str | None:
    answer = subprocess.run(
        ["ps", "-o", "stat=,lstart=", "-p", str(pid)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "LC_ALL": "C"},
    )
    state, _, started = answer.stdout.strip().partition(" ")
    return started.strip() if started and not state.startswith("Z") else None
