"""Name the errors of failed answers, and decide when a retry may help."""

import math
from collections.abc import Iterable, Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from http import HTTPStatus

import stamina

from foundation.errors import ReadError
from ingestion.reader import Context

LONGEST_WAIT_S = 960.0  # a little more than the longest window of a platform's rate limits
CLIENT_ERRORS = 400
SERVER_ERRORS = 500
# Answers with these statuses may have a Retry-After.
LATER = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)


class StatusError(ReadError):
    """Raised for an answer with a status of 400 or more."""

    def __init__(self, status: int, path: str, wait_s: float | None = None) -> None:
        super().__init__(f"{path} answered {status}", remedy="Read again later")
        self.status = status
        self.wait_s = wait_s


class UnusableAnswerError(ReadError):
    """Raised when no answer came, an incomplete one, or one that is not JSON."""


def retry_decision(error: Exception) -> bool | float:
    """Return whether to retry after this error, or the seconds to wait before."""
    if isinstance(error, StatusError):
        if error.status in LATER:
            return True if error.wait_s is None else bounded_wait(error.wait_s)
        return error.status >= SERVER_ERRORS
    return isinstance(error, UnusableAnswerError)


def retries(context: Context) -> Iterable[stamina.Attempt]:
    """Return the attempts at one request, which wait between them."""
    return stamina.retry_context(
        on=retry_decision,
        attempts=context.attempts,
        timeout=None,
        wait_initial=0.5,
        wait_max=60,
        wait_jitter=1,
    )


def bounded_wait(wait_s: float) -> float:
    """Return the requested wait, but at least 0.1 s and at most `LONGEST_WAIT_S`."""
    return min(max(wait_s, 0.1), LONGEST_WAIT_S)


def retry_after(headers: Mapping[str, str], now: int) -> float | None:
    """Return `Retry-After` in seconds, from either of its forms; None if it names no later time.

    Args:
        headers: the answer's headers by lower-case name. A date is compared with the answer's own
            `date`, if it has one.
        now: our time in microseconds since 1970.

    Source: https://www.rfc-editor.org/rfc/rfc9110#field.retry-after
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
