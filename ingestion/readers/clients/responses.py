"""Failed answers: their errors, and when a retry may help."""

import math
from collections.abc import Iterable, Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from http import HTTPStatus

import stamina

from foundation.errors import ReadError
from ingestion.reader import Context

LONGEST_WAIT_S = 960.0  # a little more than the longest window of a platform
CLIENT_ERRORS = 400
SERVER_ERRORS = 500
# These may have a Retry-After.
LATER = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)


class StatusError(ReadError):
    """Raised for an answer with a status of 400 or more."""

    def __init__(self, status: int, path: str, wait_s: float | None = None) -> None:
        super().__init__(f"{path} answered {status}", remedy="It is tried again")
        self.status = status
        self.wait_s = wait_s


class UnusableAnswerError(ReadError):
    """Raised when there was no answer, half of one, or one that is not JSON."""


def retry_decision(error: Exception) -> bool | float:
    """Return whether to retry, or after how many seconds."""
    if isinstance(error, StatusError):
        if error.status in LATER:
            return True if error.wait_s is None else bounded_wait(error.wait_s)
        return error.status >= SERVER_ERRORS
    return isinstance(error, UnusableAnswerError)


def retries(context: Context) -> Iterable[stamina.Attempt]:
    """Return attempts at one request, with waits between them."""
    return stamina.retry_context(
        on=retry_decision,
        attempts=context.attempts,
        timeout=None,
        wait_initial=0.5,
        wait_max=60,
        wait_jitter=1,
    )


def bounded_wait(wait_s: float) -> float:
    """Return the requested wait, within reason."""
    return min(max(wait_s, 0.1), LONGEST_WAIT_S)


def retry_after(headers: Mapping[str, str], now: int) -> float | None:
    """Return `Retry-After` in seconds, from either of its forms; None where it is useless.

    Args:
        headers: of the answer, in lower case. A date is measured by the answer's own clock, where
            it shows one.
        now: ours, in microseconds since 1970.
    """
    header = headers.get("retry-after", "")
    try:
        wait_s = float(header)
    except ValueError:
        until = http_date_seconds(header)
        began = http_date_seconds(headers.get("date", ""))
        if until is None:
            return None
        wait_s = until - (now / 1_000_000 if began is None else began)
    return wait_s if math.isfinite(wait_s) and wait_s > 0 else None


def http_date_seconds(text: str) -> float | None:
    """Convert an HTTP date to seconds since 1970; without a zone, or with -0000, it is UTC."""
    try:
        moment = parsedate_to_datetime(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def trouble_of(status: int) -> str:
    """Return the name under which a status is counted."""
    return "http_5xx" if status >= SERVER_ERRORS else f"http_{status}"
