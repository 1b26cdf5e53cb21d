"""The access log: a JSON line per request, with closed fields.

It holds no query string, no body, no text and no key: names of routes, codes and ids alone.
"""

from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson
import structlog


class AccessLog:
    """Writes each line as soon as it is there."""

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
        """Write the line of a request; the fields are named by the caller's code alone."""
        with suppress(OSError):  # a full disk takes no answer with it
            self._log.info("request", **fields)

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _json(event: Any, **_: Any) -> bytes:
    return orjson.dumps(event)
