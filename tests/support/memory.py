"""Measure how much memory several processes hold together.

They run in a control group of their own if one can be made. Otherwise their shares of mapped pages
(PSS) are added up. Anonymous memory and files in memory count. Pages of the cache do not count,
since the system takes them back when it needs room; in a control group, they also have to fit below
its limit.
"""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import psutil

from tests.support.commands import wait_until

_LOOK_EVERY_S = 0.5
_ROOT = Path("/sys/fs/cgroup")
_JOIN = 'echo $$ > "$0" && exec "$@"'
_END_S = 60


class Group(Protocol):
    """A group of processes."""

    how: str

    def words(self) -> list[str]:
        """Return the words before a command that put it and all its children into the group."""

    def held(self) -> int:
        """Return the bytes that the processes hold now."""

    def killed(self) -> int:
        """Return how many processes the system has ended because memory was full."""


@dataclass(frozen=True)
class Cgroup:
    """A control group, of version 1 or 2, with a limit."""

    folder: Path
    is_v2: bool

    @property
    def how(self) -> str:
        return f"cgroup v{1 + self.is_v2}"

    def words(self) -> list[str]:
        return ["sh", "-c", _JOIN, str(self.folder / "cgroup.procs")]

    def held(self) -> int:
        amounts = self._numbers("memory.stat")
        names = ("anon", "shmem") if self.is_v2 else ("total_rss", "total_shmem")
        return sum(amounts.get(name, 0) for name in names)

    def killed(self) -> int:
        return self._numbers("memory.events" if self.is_v2 else "memory.oom_control")["oom_kill"]

    def limit(self, most: int) -> None:
        """Let the system end a process that exceeds the limit, instead of swapping."""
        memory, swap = (
            (("memory.max", most), ("memory.swap.max", 0))
            if self.is_v2
            else (("memory.limit_in_bytes", most), ("memory.memsw.limit_in_bytes", most))
        )
        (self.folder / memory[0]).write_text(str(memory[1]))
        if (self.folder / swap[0]).exists():
            (self.folder / swap[0]).write_text(str(swap[1]))

    def end(self) -> None:
        """Kill all processes that are left in the group, and remove it."""
        for pid in self._pids():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not self._pids(), within_s=_END_S, what="end of all in the group")
        self.folder.rmdir()

    def _pids(self) -> list[int]:
        return [int(pid) for pid in (self.folder / "cgroup.procs").read_text().split()]

    def _numbers(self, file: str) -> dict[str, int]:
        lines = (self.folder / file).read_text().splitlines()
        return {name: int(number) for name, number in (line.split() for line in lines)}


@dataclass(frozen=True)
class Shares:
    """The processes whose command line names a folder, and their children."""

    folder: Path
    how: str = "sum of PSS, for no control group can be made here"

    def words(self) -> list[str]:
        return []

    def held(self) -> int:
        shares = 0
        for process in self._processes():
            with suppress(psutil.Error):
                shares += process.memory_full_info().pss
        return shares

    def killed(self) -> int:
        return 0

    def _processes(self) -> set[psutil.Process]:
        found: set[psutil.Process] = set()
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                if any(str(self.folder) in word for word in process.cmdline()):
                    found |= {process, *process.children(recursive=True)}
        return found


@dataclass
class Peak:
    """The most memory that a group has held while it was watched."""

    group: Group
    most: int = 0
    _ended: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Read the group's memory again and again within the block."""
        thread = threading.Thread(target=self._look, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._ended.set()
            thread.join()

    def _look(self) -> None:
        while not self._ended.wait(_LOOK_EVERY_S):
            self.most = max(self.most, self.group.held())


@contextmanager
def group_of(folder: Path, *, limit: int) -> Iterator[Group]:
    """Yield a group for commands that work in a folder, limited to `limit` bytes if possible.

    A control group is below the test's own, whose limits still apply.
    """
    group = next(_made(), None)
    if group is None:
        yield Shares(folder)
        return
    try:
        group.limit(limit)
        yield group
    finally:
        group.end()


def _made() -> Iterator[Cgroup]:
    for parent, is_v2 in _parents():
        folder = parent / f"echostream-{os.getpid()}"
        try:
            folder.mkdir()
        except OSError:
            continue
        if (folder / "memory.stat").exists():
            yield Cgroup(folder, is_v2=is_v2)
            return
        folder.rmdir()


def _parents() -> Iterator[tuple[Path, bool]]:
    """Yield folders in which a control group may be made: that of v1, or the nearest of v2."""
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        number, controllers, path = line.split(":", 2)
        if "memory" in controllers.split(","):
            mount = _ROOT / "memory"
            own = mount / path.lstrip("/")
            yield (own if own.exists() else mount), False  # a container may see its own as the root
        elif number == "0":
            own = _ROOT / path.lstrip("/")
            for folder in (own, *own.parents):
                control = folder / "cgroup.subtree_control"
                if control.exists() and "memory" in control.read_text().split():
                    yield folder, True
