"""What goes wrong with answers, by name, and when asking again may help; whatever the library that asked."""

from http import HTTPStatus

from foundation.errors import ReadError

LONGEST_WAIT_S = 960.0  # a little more than the longest window of a platform
CLIENT_ERRORS, SERVER_ERRORS = 400, 500


class StatusError(ReadError):
    """Raised for an answer with a status of 400 or more."""

    def __init__(self, status: int, path: str, wait_s: float | None = None) -> None:
        super().__init__(f"{path} answered {status}", remedy="It is tried again")
        self.status, self.wait_s = status, wait_s


class UnusableAnswerError(ReadError):
    """Raised when there was no answer, half of one, or one that is not JSON."""


def backoff(error: Exception) -> bool | float:
    """Whether to try again, or after how many seconds."""
    if isinstance(error, StatusError):
        if error.status == HTTPStatus.TOO_MANY_REQUESTS:
            return True if error.wait_s is None else min(max(error.wait_s, 0.1), LONGEST_WAIT_S)
        return error.status >= SERVER_ERRORS
    return isinstance(error, UnusableAnswerError)


def trouble_of(status: int) -> str:
    """The name under which a status is counted."""
    return "http_5xx" if status >= SERVER_ERRORS else f"http_{status}"
