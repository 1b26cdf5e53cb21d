"""The access log: a JSON line per request, with closed fields.

It holds no query string, no body, no text and no key: names of routes, codes and ids alone.
"""

from pathlib import Path
from typing import Any

import orjson
import structlog


def open_access_log(file: Path) -> "structlog.typing.FilteringBoundLogger":
    """Return the log that writes to that file, each line as soon as it is there."""
    file.parent.mkdir(parents=True, exist_ok=True)
    opened = file.open("ab", buffering=0)
    opened_log: structlog.typing.FilteringBoundLogger = structlog.wrap_logger(
        structlog.BytesLogger(opened),
        processors=[
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
            structlog.processors.JSONRenderer(serializer=_json),
        ],
        wrapper_class=structlog.make_filtering_bound_logger("info"),
        cache_logger_on_first_use=True,
    )
    return opened_log


def _json(event: Any, **_: Any) -> bytes:
    return orjson.dumps(event)
