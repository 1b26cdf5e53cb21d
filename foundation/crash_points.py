"""Kill the application at a named point, so that fault tests can choose the moment of a crash.

A job reaches a point before each of its writes and after the last one. The setting
`faults.crash_at = "<job>:<point>:<n>"` kills the process and its children by SIGKILL when it
reaches the point for the n-th time. Before that, it writes a line to
ECHOSTREAM_HOME/logs/crashes.jsonl, which proves where the crash happened.
"""

import json
import os
import signal

from foundation.settings import Settings

_reached: dict[str, int] = {}


def crash_point(job: str, point: str, settings: Settings, **facts: int) -> None:
    """Kill the application if the settings name this point."""
    if not settings.faults.crash_at:
        return
    name = f"{job}:{point}"
    _reached[name] = _reached.get(name, 0) + 1
    if settings.faults.crash_at != f"{name}:{_reached[name]}":
        return
    file = settings.home / "logs" / "crashes.jsonl"
    with file.open("a", encoding="utf-8") as out:
        out.write(json.dumps({"job": job, "point": point, "time": _reached[name], **facts}) + "\n")
        out.flush()
        os.fsync(out.fileno())
    os.killpg(os.getpgrp(), signal.SIGKILL)
