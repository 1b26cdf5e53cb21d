"""Serve JSON answers over HTTP, with the faults of a scenario."""

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from foundation import clock
from ingestion.simulators.server.scenario import FaultKind
from ingestion.simulators.server.state import Faults

HTTP_FAULTS: tuple[FaultKind, ...] = (
    "status",
    "html",
    "not_json",
    "half",
    "silence",
    "empty",
    "schema",
)
_BODIES: dict[FaultKind, tuple[bytes, dict[str, str]]] = {
    "html": (b"<html><body><h1>502 Bad Gateway</h1></body></html>", {"content-type": "text/html"}),
    "not_json": (b'{"cut', {}),
    "empty": (b"", {}),
    "schema": (b'{"unexpected": {"form": true}}', {}),
}


@dataclass(frozen=True, slots=True)
class Request:
    """A request as a simulator sees it."""

    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]  # names in lower case
    body: str = ""
    method: str = "GET"

    def one(self, name: str, default: str = "") -> str:
        """Return the first value of a query parameter."""
        return self.query.get(name, [default])[0]


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of a simulator."""

    body: Any  # sent as JSON, or as it is if it is bytes
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


Respond = Callable[[Request], Answer]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128  # the default of 5 refuses connections on a busy machine

    def __init__(self, respond: Respond, faults: Faults, bind: tuple[str, int]) -> None:
        super().__init__(bind, _Handler)
        self.respond = respond
        self.faults = faults
        self.stopping = threading.Event()

    def handle_error(self, *_: object) -> None:
        """Ignore a client that disconnects, which the faults provoke."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30
    disable_nagle_algorithm = True
    wbufsize = -1  # headers and body in one piece
    server: _Server

    def do_GET(self) -> None:
        self._answer("")

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers.get("content-length") or 0)).decode())

    do_PUT = do_POST  # noqa: N815  # the base class finds it by this name

    def date_time_string(self, timestamp: float | None = None) -> str:
        """Return the header `Date`, by the same clock as the resets of rate limits."""
        return super().date_time_string(clock.now().timestamp() if timestamp is None else timestamp)

    def _answer(self, body: str) -> None:
        url = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(
            url.path, parse_qs(url.query, keep_blank_values=True), headers, body, self.command
        )
        fault = self.server.faults.next("status", "half", "silence", *_BODIES)
        if fault is None:
            answer = self.server.respond(request)
            data = (
                answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
            )
            self._send(answer.status, data, answer.headers)
        elif fault.kind == "status":
            self._send(fault.status, b'{"error": "simulated"}', {})
        elif fault.kind == "silence":
            self.server.stopping.wait(fault.seconds)
            self.close_connection = True
        elif fault.kind == "half":
            self._send(200, b'[{"id": ', {"content-length": "4096"})
            self.close_connection = True
        else:
            self._send(200, *_BODIES[fault.kind])

    def _send(self, status: int, data: bytes, headers: Mapping[str, str]) -> None:
        whole = {
            "content-type": "application/json; charset=utf-8",
            "content-length": str(len(data)),
            **headers,
        }
        # Without this header the client may send its next request on this connection.
        if self.close_connection:
            whole["connection"] = "close"
        self.send_response(status)
        for name, value in whole.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)
        self.wfile.flush()

    def log_message(self, *_: object) -> None:
        """Print nothing, so that the output has only the address and the credentials."""


@contextmanager
def http_server(respond: Respond, faults: Faults, bind: tuple[str, int]) -> Iterator[str]:
    """Serve at a host and port (0: any) inside the `with` block; yield the address."""
    server = _Server(respond, faults, bind)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://{bind[0]}:{server.server_port}"
    finally:
        server.stopping.set()
        server.shutdown()
        server.server_close()
        thread.join()


class RateLimit:
    """Allows a number of requests in each window; threads may share it."""

    def __init__(self, limit: int, window_s: float) -> None:
        self.limit = limit
        self._window_s = window_s
        self._left = limit
        self._until = time.monotonic() + window_s
        self._lock = threading.Lock()

    def take(self) -> tuple[bool, int, float]:
        """Take a request; return whether one was left, how many are, and the seconds to reset."""
        with self._lock:
            now = time.monotonic()
            if now >= self._until:
                self._left = self.limit
                self._until = now + self._window_s
            had = self._left > 0
            self._left -= had
            return had, self._left, self._until - now
