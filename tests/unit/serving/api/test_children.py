"""The API starts, restarts and ends the processes beside it."""

import asyncio
import errno

from serving.api import children as module
from serving.api.children import Child, Children


def test_a_child_that_cannot_be_started_at_first_is_started_later(tmp_path, monkeypatch):
    started = tmp_path / "started"
    child = Child("one", ("-c", f"open({str(started)!r}, 'w').close(); input()"))
    real = asyncio.create_subprocess_exec
    left = [OSError(errno.EAGAIN, "no process is left")]

    async def exhausted_first(*given, **named):
        if left:
            raise left.pop()
        return await real(*given, **named)

    monkeypatch.setattr(module, "_FIRST_WAIT_S", 0.0)
    monkeypatch.setattr(module.asyncio, "create_subprocess_exec", exhausted_first)

    async def run():
        children = Children([child])
        children.start()
        async with asyncio.timeout(60):
            while not started.exists():
                await asyncio.sleep(0.01)
        await children.stop()

    asyncio.run(run())
    assert not left
