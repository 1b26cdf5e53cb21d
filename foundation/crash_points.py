"""Crash points: fault tests end the whole application exactly where they mean to.

A job reaches a named point before each of its writes and after the last one. With the setting
`faults.crash_at = "<job>:<point>:<n>"` the n-th time ends the process and its children by SIGKILL,
  after a line
in ECHOSTREAM_HOME/logs/crashes.jsonl that proves where it happened.
"""

import json
import os
import signal

from foundation.settings import Settings

_reached: dict[str, int] = {}


def crash_point(job: str, point: str, settings: Settings, **facts: int) -> None:
    """End the application here if the settings say so."""
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
