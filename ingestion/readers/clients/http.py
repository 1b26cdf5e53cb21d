"""Send readers' HTTP requests, with retries and within the platform's limits; count failures."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from types import TracebackType
from typing import Self

import httpx2

from foundation import clock
from foundation.errors import CredentialsError
from ingestion.parsing.json_body import parse_json
from ingestion.platform import Json
from ingestion.reader import Context
from ingestion.readers.clients.responses import (
    CLIENT_ERRORS,
    LONGEST_WAIT_S,
    StatusError,
    UnusableAnswerError,
    http_date_seconds,
    retries,
    retry_after,
    trouble_of,
)

MAX_ANSWER_BYTES = 64 * 1024 * 1024

Headers = Mapping[str, str]
Params = Mapping[str, str | int | list[str]]


@dataclass(frozen=True, slots=True)
class Limit:
    """The platform's rate limit, as an answer states it."""

    remaining: float
    reset_s: float  # seconds until the platform allows more


@dataclass(frozen=True, slots=True)
class Answer:
    """A decoded answer."""

    content: Json
    headers: Headers  # by lower-case name


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request; `path` names it in messages, `address` is its URL if not below the base URL."""

    path: str
    method: str = "GET"
    address: str | None = None  # may be signed, so no message shows it
    params: Params | None = None
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    with_credentials: bool = True
    decode: Callable[[bytes], Json] = parse_json  # raises ValueError
    cost: float = 1


def no_limit(headers: Headers) -> Limit | None:
    """Return None, for platforms that send no rate limit."""
    return None


class Http:
    """One platform's HTTP client, a context manager; threads may share it."""

    def __init__(
        self,
        base_url: str,
        context: Context,
        *,
        headers: Callable[[], Mapping[str, str]] = dict,
        limit_of: Callable[[Headers], Limit | None] = no_limit,
        status_of: Callable[[int, bytes], int] = lambda status, _: status,
        credentials_hint: str = "",
    ) -> None:
        """Store the arguments; the first request connects.

        Args:
            base_url: the address that paths are appended to.
            context: the reader's context.
            headers: returns the headers of every request with credentials.
            limit_of: reads the rate limit out of an answer's headers.
            status_of: returns the status that an answer means, if the platform says it in the body.
            credentials_hint: tells the user which credentials to get, and where, after a 401.
        """
        self._context = context
        self._headers = headers
        self._limit_of = limit_of
        self._status_of = status_of
        self._hint = credentials_hint
        self._base = base_url.rstrip("/")
        self._client = httpx2.Client(
            timeout=context.timeout_s, headers={"accept": "application/json"}
        )
        self._resume_at = 0.0
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the connections."""
        self._client.close()

    def get(self, path: str, params: Params | None = None, *, cost: float = 1) -> Answer:
        """Request JSON below the base URL; raises as `send` does."""
        return self.send(Call(path=path, params=params, cost=cost))

    def send(self, call: Call) -> Answer:
        """Send a request and return its answer, after retries where those may help.

        Raises:
            StatusError: the platform refuses the request, or failed at each attempt.
            UnusableAnswerError: no complete answer in the expected form arrived.
            CredentialsError: the platform answered 401.
            BudgetSpentError: the budget of `calls` is used up.
        """
        for attempt in retries(self._context):
            with attempt:
                return self._once(call)
        raise AssertionError  # the last attempt raises by itself

    def _once(self, call: Call) -> Answer:
        try:
            return self._ask(call)
        except StatusError as error:
            if error.status != HTTPStatus.UNAUTHORIZED:
                raise
        raise CredentialsError(
            f"{call.path} answered 401: our credentials are refused", remedy=self._hint
        )

    def _ask(self, call: Call) -> Answer:
        self._await_limit()
        self._context.budget.take("calls", call.cost)
        status, headers, data = self._exchange(call)
        limit = self._limit_of(headers)
        if limit is not None and limit.remaining < 1:
            with self._lock:
                self._resume_at = max(
                    self._resume_at, time.monotonic() + min(limit.reset_s, LONGEST_WAIT_S)
                )
        status = self._status_of(status, data)
        if status >= CLIENT_ERRORS:
            self._context.telemetry.trouble(trouble_of(status))
            raise StatusError(status, call.path, self._wait_s(status, headers, limit))
        try:
            return Answer(call.decode(data), headers)
        except ValueError:
            self._context.telemetry.trouble("not_json")
            raise UnusableAnswerError(
                f"{call.path} answered with something that is not JSON"
            ) from None

    def _wait_s(self, status: int, headers: Headers, limit: Limit | None) -> float | None:
        """Return how long the platform asks us to wait, or until its exhausted limit resets."""
        wait_s = retry_after(headers, self._context.clock())
        is_limited = status == HTTPStatus.TOO_MANY_REQUESTS and limit is not None
        return limit.reset_s if wait_s is None and is_limited and limit else wait_s

    def _exchange(self, call: Call) -> tuple[int, Headers, bytes]:
        """Send one request; library errors become ours, since they may quote tokens."""
        trouble = self._context.telemetry.trouble
        path = call.path
        headers = {**(self._headers() if call.with_credentials else {}), **call.headers}
        try:
            with self._client.stream(
                call.method,
                call.address or self._base + path,
                params=call.params or None,  # an empty mapping would remove the address's own ones
                content=call.body,
                headers=headers,
            ) as response:
                data = bytearray()
                for chunk in response.iter_bytes():
                    data += chunk
                    if len(data) > MAX_ANSWER_BYTES:
                        trouble("too_long")
                        raise UnusableAnswerError(
                            f"{path} answered with more than {MAX_ANSWER_BYTES} bytes"
                        )
                return (
                    response.status_code,
                    {name.lower(): text for name, text in response.headers.items()},
                    bytes(data),
                )
        except httpx2.TimeoutException:
            trouble("timeout")
            raise UnusableAnswerError(
                f"{path} did not answer within {self._context.timeout_s:g} s"
            ) from None
        except (httpx2.RemoteProtocolError, httpx2.ReadError, httpx2.DecodingError):
            trouble("half")
            raise UnusableAnswerError(f"{path} broke off its answer") from None
        except httpx2.TransportError:
            trouble("unreachable")
            raise UnusableAnswerError(f"{path} cannot be reached") from None

    def _await_limit(self) -> None:
        with self._lock:
            wait_s = self._resume_at - time.monotonic()
        if wait_s > 0:
            self._context.telemetry.trouble("waited_for_limit")
            self._context.sleep(wait_s)


def iso_reset(headers: Headers) -> Limit | None:
    """Read Mastodon's rate limit, whose reset is ISO 8601, by the answer's own clock.

    Source: https://docs.joinmastodon.org/api/rate-limits
    """
    try:
        until = datetime.fromisoformat(headers["x-ratelimit-reset"])
        until_s = (until if until.tzinfo else until.replace(tzinfo=UTC)).timestamp()
        return Limit(float(headers["x-ratelimit-remaining"]), max(0.0, until_s - _sent_at(headers)))
    except (KeyError, ValueError, TypeError):
        return None


def epoch_reset(headers: Headers, remaining: str, reset: str) -> Limit | None:
    """Read X's rate limit, whose reset is seconds since 1970, by the answer's own clock.

    Source: https://docs.x.com/x-api/fundamentals/rate-limits
    """
    try:
        return Limit(float(headers[remaining]), max(0.0, float(headers[reset]) - _sent_at(headers)))
    except (KeyError, ValueError, TypeError):
        return None


def _sent_at(headers: Headers) -> float:
    """Return when the answer was sent, in seconds since 1970, by the platform's clock or ours."""
    answered_at = http_date_seconds(headers.get("date", ""))
    return clock.now().timestamp() if answered_at is None else answered_at
