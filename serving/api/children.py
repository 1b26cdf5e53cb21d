"""Start, restart and end the processes beside the API.

A child ends when its standard input closes, so it never outlives an API that was killed.
"""

import asyncio
import contextlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from foundation.logs import get_log

log = get_log("api")
_FIRST_WAIT_S = 1.0
_LONGEST_WAIT_S = 30.0
_END_S = 10.0


@dataclass(frozen=True, slots=True)
class Child:
    """A process: its name in the log, and its arguments after the Python interpreter."""

    name: str
    arguments: tuple[str, ...]


class Children:
    """Starts processes and restarts those that end, after waits that grow from 1 to 30 seconds."""

    def __init__(self, children: Sequence[Child]) -> None:
        self._children = children
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Start all children."""
        self._tasks = [asyncio.create_task(_keep(child)) for child in self._children]

    async def stop(self) -> None:
        """End all children by SIGTERM, and after 10 seconds by SIGKILL."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def _keep(child: Child) -> None:
    loop = asyncio.get_running_loop()
    wait_s = _FIRST_WAIT_S
    while True:
        began = loop.time()
        code = await _run(child)
        if loop.time() - began > _LONGEST_WAIT_S:
            wait_s = _FIRST_WAIT_S
        log.error("child_ended", child=child.name, code=code, again_after_s=wait_s)
        await asyncio.sleep(wait_s)
        wait_s = min(2 * wait_s, _LONGEST_WAIT_S)


async def _run(child: Child) -> int | None:
    """Run a process to its end. Return its exit code, or None if it could not start."""
    try:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *child.arguments,
            stdin=asyncio.subprocess.PIPE,
            start_new_session=True,  # Ctrl-C must reach the API alone, which then ends its children
        )
    except OSError:  # the system has no memory or process id left
        return None
    try:
        return await process.wait()
    except asyncio.CancelledError:
        await _end(process)
        raise


async def _end(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    try:
        await asyncio.wait_for(process.wait(), _END_S)
    except TimeoutError:
        process.kill()
        await process.wait()
