"""Write the access log: one JSON line per request, with a fixed set of fields.

A line holds the route, codes and ids. It never holds a query string, a body, a text or a key.
"""

from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson
import structlog


class AccessLog:
    """Appends lines to a file without buffering."""

    def __init__(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self._file = file.open("ab", buffering=0)
        log: structlog.typing.FilteringBoundLogger = structlog.wrap_logger(
            structlog.BytesLogger(self._file),
            processors=[
                structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
                structlog.processors.JSONRenderer(serializer=_json),
            ],
            wrapper_class=structlog.make_filtering_bound_logger("info"),
            cache_logger_on_first_use=True,
        )
        self._log = log.bind()

    def note(self, **fields: str | float | None) -> None:
        """Write the line of a request. Field names come from our code, never from a client."""
        with suppress(OSError):  # a full disk must not fail the request
            self._log.info("request", **fields)

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _json(event: Any, **_: Any) -> bytes:
    return orjson.dumps(event)
