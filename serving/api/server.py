"""Run uvicorn on one socket, with a time limit for headers and a limited time to stop."""

import asyncio
import logging
import signal
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Any, ClassVar

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from foundation.errors import PortInUseError, SettingsError
from foundation.sections import ApiSettings
from foundation.settings import Settings
from serving.api.app import create_app, create_services
from serving.api.lake import Quotas
from serving.api.middleware import MAX_HEADER_BYTES
from serving.api.problems import ProblemError, problem_response
from serving.api.services import Services

_ENDS = (signal.SIGINT, signal.SIGTERM)
_KEEP_ALIVE_S = 15
_BACKLOG = 512
_CONNECTIONS_PER_REQUEST = 5  # open connections per request that may run


def serve(
    settings: Settings,
    *,
    on_start: Callable[[str], None],
    program: Sequence[str] = (),
    quotas: Quotas = list,
) -> None:
    """Serve until stopped.

    Args:
        settings: the settings of this process.
        on_start: is called with the address when the server answers.
        program: the arguments after the Python interpreter that start this program with the
            same options. The API starts the processes beside it with them; without them, none.
        quotas: returns what producers have spent of their budgets.

    Raises:
        PortInUseError: another program listens on the port.
        SettingsError: the scorer, the sanitizer or the host cannot be used.
    """
    listener = _listen(settings)
    services = create_services(settings, quotas, program=program)
    _silence_uvicorn()
    config = uvicorn.Config(
        create_app(services),
        http=_protocol(settings.api),
        ws="none",
        loop="asyncio",
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        backlog=_BACKLOG,
        timeout_keep_alive=_KEEP_ALIVE_S,
        timeout_graceful_shutdown=max(1, round(settings.api.stop_timeout_s)),
        h11_max_incomplete_event_size=MAX_HEADER_BYTES,
    )
    server = _Server(config, services, lambda: on_start(_address(settings)))
    server.run(sockets=[listener])
    if services.failure:
        raise services.failure


class _Server(uvicorn.Server):
    """Reports when it answers, and that it is not ready after a signal to end."""

    def __init__(
        self, config: uvicorn.Config, services: Services, on_start: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self._services = services
        self._on_start = on_start

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, then call `on_start`."""
        await super().startup(sockets)
        self._on_start()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Return normally after a signal. Uvicorn itself would send the signal again and die."""
        former = {number: signal.signal(number, self.handle_exit) for number in _ENDS}
        try:
            yield
        finally:
            for number, handler in former.items():
                signal.signal(number, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Report that the server is not ready, and end it."""
        self._services.is_stopping = True
        super().handle_exit(sig, frame)

    async def on_tick(self, counter: int) -> bool:
        """Tell whether the server must end."""
        return await super().on_tick(counter) or self._services.failure is not None


def _listen(settings: Settings) -> socket.socket:
    host = settings.api.host
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, settings.api.port))
    except socket.gaierror:
        listener.close()
        raise SettingsError(
            "setting api.host is not an address of this machine", remedy="For example 127.0.0.1"
        ) from None
    except OSError as error:
        listener.close()
        raise PortInUseError(
            f"port {settings.api.port} cannot be listened to: {error.strerror}",
            remedy="Stop the program that uses it, or set ECHOSTREAM_API__PORT to a free one",
        ) from None
    listener.setblocking(False)
    return listener


def _address(settings: Settings) -> str:
    host = settings.api.host
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.api.port}"


def _silence_uvicorn() -> None:
    """Silence uvicorn's log, because its tracebacks could quote a text."""
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers = [logging.NullHandler()]
        logger.propagate = False
        logger.setLevel(logging.CRITICAL)


def _protocol(settings: ApiSettings) -> type[asyncio.Protocol]:
    """Return the protocol class with the limits of these settings."""

    class Limited(LimitedProtocol):
        patience_s = settings.body_timeout_s
        most_connections = settings.max_in_flight * _CONNECTIONS_PER_REQUEST

    return Limited


class LimitedProtocol(H11Protocol):
    """Uvicorn's protocol with limits on the number of connections and on the time for headers."""

    patience_s: ClassVar[float]
    most_connections: ClassVar[int]
    _patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Refuse a connection too many, or start the time limit for its first headers."""
        super().connection_made(transport)
        if len(self.connections) > self.most_connections:
            self.refuse(503, "overloaded", "Too many connections are open", retry_s=1)
            return
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the time limit."""
        self._wait_no_longer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Start the time limit at the first byte of headers, and stop it after the last one."""
        before = self.cycle
        super().data_received(data)
        if self.cycle is not before:
            self._wait_no_longer()
        elif self._patience is None and self.conn.their_state is h11.IDLE:
            self._wait()

    def send_400_response(self, _message: str) -> None:
        """Answer a request that is not HTTP, or has too large headers."""
        self.refuse(400, "malformed", "The request is not HTTP, or its headers are too large")

    def refuse(self, status: int, code: str, detail: str, *, retry_s: int = 0) -> None:
        """Answer without a request, and close the connection."""
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            for event in refusal(status, code, detail, retry_s=retry_s):
                self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    def _wait(self) -> None:
        self._patience = self.loop.call_later(self.patience_s, self._too_slow)

    def _wait_no_longer(self) -> None:
        if self._patience:
            self._patience.cancel()
            self._patience = None

    def _too_slow(self) -> None:
        self._patience = None
        if not self.transport.is_closing():
            self.refuse(408, "slow_headers", "The headers came too slowly")


def refusal(status: int, code: str, detail: str, *, retry_s: int = 0) -> list[h11.Event]:
    """Return the HTTP events of an answer that does not come from the application."""
    problem = ProblemError(status, code, detail)
    if retry_s:
        problem.headers = {"retry-after": str(retry_s)}
    response = problem_response(problem, "none")
    headers = [*response.raw_headers, (b"connection", b"close")]
    return [
        h11.Response(status_code=status, headers=headers),
        h11.Data(data=bytes(response.body)),
        h11.EndOfMessage(),
    ]
