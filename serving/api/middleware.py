"""Check every request before its route, and complete every answer.

The order is: request id, size of the headers, host and origin, number in flight, credentials,
rate limit, body, route, headers of the answer, metrics, access log. Every exception becomes a
problem here. None reaches the server's own log, where its traceback could quote a text.
"""

import asyncio
import secrets
import time
import traceback
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from foundation.logs import get_log
from foundation.sections import ApiSettings
from serving.api.auth import Caller
from serving.api.limits import overloaded, too_many
from serving.api.problems import ProblemError, problem_of, problem_response
from serving.api.services import Services

log = get_log("api")
OPEN = frozenset({"/healthz", "/readyz"})  # open to everyone, because they reveal nothing
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_NO_ROUTE = "(none)"
_NONE: Mapping[str, ASGIApp] = {}
MAX_HEADER_BYTES = 16_384
_MAX_HEADERS = 100
_MIN_BYTES_PER_S = 8_192  # of a body; slower clients are cut off
_DRAINED = 65_536  # bytes of a refused body that are still read, so that its sender sees the answer
_SAFE: list[tuple[bytes, bytes]] = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cross-origin-resource-policy", b"same-origin"),
]
_PRIVATE = (b"cache-control", b"private, no-store")
_RUN_BYTES = 8  # random bytes that all request ids of this process share


@dataclass(slots=True)
class _Answer:
    """The progress of an answer."""

    status: int = 0
    headers_sent: bool = False


class Gate:
    """The ASGI layer before the application."""

    def __init__(
        self, app: ASGIApp, services: Services, direct: Mapping[str, ASGIApp] = _NONE
    ) -> None:
        """Wrap an application.

        Args:
            app: receives the requests that pass the checks.
            services: the objects that all routes share.
            direct: for POST, a handler by path. It skips the application's routing, which takes
                longer than scoring a text.
        """
        self.app = app
        self._direct = direct
        self._services = services
        self._settings = services.settings.api
        self._run = secrets.token_hex(_RUN_BYTES)
        self._numbers = count(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check a request, pass it on or refuse it, and record it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began = time.perf_counter()
        request_id = f"req_{self._run}{next(self._numbers):08x}"
        state: MutableMapping[str, Any] = scope.setdefault("state", {})
        state["request_id"] = request_id
        extra: list[tuple[bytes, bytes]] = [(b"x-request-id", request_id.encode())]
        answer = _Answer()
        body = Body(receive, scope, self._settings)

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                await body.drain()  # closing on unread bytes would reset the connection
                answer.status = message["status"]
                answer.headers_sent = True
                message["headers"] = _with_headers(message["headers"], extra, body)
            await send(message)

        metrics = self._services.metrics
        metrics.in_flight.inc()
        self._services.in_flight += 1
        try:
            await self._let_in(scope, extra)
            direct = self._direct.get(scope["path"]) if scope["method"] == "POST" else None
            if direct is None:
                await self.app(scope, body.receive, sending)
            else:
                await direct(scope, body.receive, sending)
        except Exception as error:  # every exception becomes a problem
            if answer.headers_sent:
                answer.status = 500
                _log_failure(error, request_id)
                raise ClosedError from None
            await self._refuse(error, scope, body, sending, request_id)
        finally:
            self._services.in_flight -= 1
            metrics.in_flight.dec()
            self._note(scope, answer.status, time.perf_counter() - began, request_id)

    async def _let_in(self, scope: Scope, extra: list[tuple[bytes, bytes]]) -> None:
        _check_size(scope["headers"])
        if scope["path"] in OPEN:
            return
        headers = dict(scope["headers"])
        keeper = self._services.gatekeeper
        keeper.check(headers)
        if self._services.in_flight > self._settings.max_in_flight:
            raise overloaded()
        if sum(name == b"authorization" for name, _ in scope["headers"]) > 1:
            raise ProblemError(400, "malformed", "The header Authorization was sent more than once")
        caller = await self._services.authenticator.caller(
            headers, may_be_keyless=keeper.lets_in_without_key(headers)
        )
        scope["state"]["caller"] = caller
        limit = self._settings.rate_limit if caller.key_id else self._settings.keyless_rate_limit
        admitted, said = self._services.limiter.admit(caller.key_id or caller.tenant, limit)
        extra += [(name.encode(), value.encode()) for name, value in said.items()]
        if not admitted:
            raise too_many({})
        if headers.get(b"content-encoding", b"identity").lower() != b"identity":
            raise ProblemError(
                415, "unsupported_media_type", "The body must have no Content-Encoding"
            )

    async def _refuse(
        self, error: Exception, scope: Scope, body: "Body", send: Send, request_id: str
    ) -> None:
        problem = problem_of(error)
        if problem.status_code >= 500 and not isinstance(error, ProblemError):  # noqa: PLR2004  # a failure of ours
            _log_failure(error, request_id)
        await body.drain()
        response = problem_response(problem, request_id)
        if scope["method"] == "HEAD":
            response.body = b""
        await response(scope, body.receive, send)

    def _note(self, scope: Scope, status: int, seconds: float, request_id: str) -> None:
        route = scope.get("route")
        template = getattr(route, "path", None) or (
            scope["path"] if scope["path"] in OPEN else _NO_ROUTE
        )
        method = scope["method"] if scope["method"] in _METHODS else "OTHER"
        self._services.metrics.observe(method, template, status, seconds)
        caller: Caller | None = scope["state"].get("caller")
        if caller:
            self._services.usage.add(caller.tenant, "requests")
        self._services.access_log.note(
            request_id=request_id,
            method=method,
            route=template,
            status=status,
            ms=round(seconds * 1000, 2),
            tenant=caller.tenant if caller else None,
            key=(caller.prefix or None) if caller else None,
        )


def _check_size(headers: list[tuple[bytes, bytes]]) -> None:
    """Refuse large headers, which uvicorn accepts if they arrive in one piece."""
    size = sum(len(name) + len(value) for name, value in headers)
    if len(headers) > _MAX_HEADERS or size > MAX_HEADER_BYTES:
        raise ProblemError(
            431,
            "headers_too_large",
            f"At most {_MAX_HEADERS} headers with {MAX_HEADER_BYTES:,} bytes in all are allowed",
            headers={"Connection": "close"},
        )


class ClosedError(Exception):
    """Raised to cut a connection if an answer fails after its first byte was sent."""


class Body:
    """Reads a request's body within limits of size and time."""

    def __init__(self, receive: Receive, scope: Scope, settings: ApiSettings) -> None:
        self._receive = receive
        self._scope = scope
        self._settings = settings
        self._received = 0
        self._began = 0.0
        self.is_complete = _has_no_body(scope)
        self.is_broken = False

    async def receive(self) -> Message:
        """Return the next message.

        Raises:
            ProblemError: 413 if the body is too large, 408 if it comes too slowly.
        """
        if self.is_complete:
            return await self._receive()
        limit = self._limit()
        if not self._began:
            self._began = asyncio.get_running_loop().time()
            if announced(self._scope) > limit:
                self.is_broken = True
                raise _too_large(limit)
        message = await self._next()
        if message["type"] == "http.request":
            self._received += len(message.get("body", b""))
            self.is_complete = not message.get("more_body", False)
            if self._received > limit:
                self.is_broken = True
                raise _too_large(limit)
        return message

    async def drain(self) -> None:
        """Read the rest of a small body, so that its sender sees the answer."""
        if self.is_broken or announced(self._scope) > _DRAINED:
            return
        if not self._began:
            self._began = asyncio.get_running_loop().time()
        while not self.is_complete and self._received <= _DRAINED:
            try:
                message = await self._next()
            except ProblemError:
                return
            if message["type"] == "http.disconnect":
                return
            self._received += len(message.get("body", b""))
            self.is_complete = not message.get("more_body", False)

    async def _next(self) -> Message:
        patience = self._settings.body_timeout_s
        slowest = self._began + patience + self._received / _MIN_BYTES_PER_S
        silence = asyncio.get_running_loop().time() + patience
        try:
            async with asyncio.timeout_at(min(slowest, silence)):
                return await self._receive()
        except TimeoutError:
            self.is_broken = True
            raise ProblemError(408, "slow_body", "The body came too slowly") from None

    def _limit(self) -> int:
        endpoint = self._scope.get("endpoint")
        own: Callable[[ApiSettings], int] | None = getattr(endpoint, "body_limit", None)
        return own(self._settings) if own else self._settings.max_body_bytes


def announced(scope: Scope) -> int:
    """Return the Content-Length in bytes, or 0 if the header is missing or no number."""
    for name, value in scope["headers"]:
        if name == b"content-length":
            return int(value) if value.isdigit() else 0
    return 0


def _has_no_body(scope: Scope) -> bool:
    return not any(
        name == b"transfer-encoding" or (name == b"content-length" and value.strip(b"0"))
        for name, value in scope["headers"]
    )


def _too_large(limit: int) -> ProblemError:
    return ProblemError(413, "too_large", f"The body has more than {limit:,} bytes")


def _with_headers(
    headers: list[tuple[bytes, bytes]], extra: list[tuple[bytes, bytes]], body: Body
) -> list[tuple[bytes, bytes]]:
    names = {name for name, _ in headers}
    made = [*headers, *extra, *(pair for pair in _SAFE if pair[0] not in names)]
    if b"cache-control" not in names:
        made.append(_PRIVATE)
    if not body.is_complete:  # the next bytes on this connection would be the rest of the body
        made.append((b"connection", b"close"))
    return made


def _log_failure(error: Exception, request_id: str) -> None:
    """Log where a request failed, but not the exception's text, which could quote a post."""
    frames = traceback.extract_tb(error.__traceback__)[-6:]
    log.error(
        "request_failed",
        request_id=request_id,
        error=type(error).__name__,
        at=[f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames],
    )
