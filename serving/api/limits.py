"""Limit how many requests a key may send, and make the answers that refuse a request."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from serving.api.problems import ProblemError

_POLICY = "default"
_MANY = 10_000  # windows in memory; the oldest one is dropped first


@dataclass(slots=True)
class _Window:
    ends: float
    used: int


class RateLimiter:
    """Counts the requests of each key in windows of fixed length, in this process's memory."""

    def __init__(self, window_s: int, *, now: Callable[[], float] = time.monotonic) -> None:
        self._window_s = window_s
        self._now = now
        self._windows: dict[str, _Window] = {}

    def admit(self, who: str, limit: int) -> tuple[bool, dict[str, str]]:
        """Count a request. Return whether it is within the limit, and headers for its answer."""
        now = self._now()
        window = self._windows.get(who)
        if window is None or window.ends <= now:
            self._windows.pop(who, None)
            window = self._windows[who] = _Window(now + self._window_s, 0)
            if len(self._windows) > _MANY:
                del self._windows[next(iter(self._windows))]
        admitted = window.used < limit
        window.used += admitted
        left_s = max(1, math.ceil(window.ends - now))
        return admitted, {
            "ratelimit-policy": f'"{_POLICY}";q={limit};w={self._window_s}',
            "ratelimit": f'"{_POLICY}";r={limit - window.used};t={left_s}',
            **({} if admitted else {"retry-after": str(left_s)}),
        }


def too_many(headers: dict[str, str]) -> ProblemError:
    """Return the 429 answer for a key whose limit is used up."""
    return ProblemError(
        429, "rate_limited", "The key's limit of requests is reached", headers=headers
    )


def overloaded() -> ProblemError:
    """Return the 503 answer for too many requests at the same time."""
    return ProblemError(
        503, "overloaded", "Too many requests run at this moment", headers={"Retry-After": "1"}
    )
