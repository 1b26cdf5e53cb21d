"""Run a lake on S3 for tests: a real server, and a proxy that spoils some of its answers."""

import http.client
import random
import shutil
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock, Thread

from foundation.sections import S3Settings
from local.host.ports import free_ports
from local.servers.s3 import s3_server

CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "canary-id-7b21f0",
    "AWS_SECRET_ACCESS_KEY": "canary-secret-55e09ac1",
}
_STALLS_EACH = 15
_HOP_BY_HOP = ("connection", "keep-alive", "transfer-encoding")


@contextmanager
def new_s3(folder: Path, monkeypatch) -> Iterator[S3Settings]:
    """Run a server for a test, with its credentials in this process's environment."""
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    try:
        with s3_server(folder, free_ports(1)[0]) as settings:
            yield settings
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class Faults:
    """The proxy's answers by kind, and how often each call was tried."""

    def __init__(self, share: float, stall_s: float, seed: int) -> None:
        self.share = share
        self.stall_s = stall_s
        self.answers: Counter[str] = Counter()
        self.tries: Counter[str] = Counter()
        self._random = random.Random(seed)
        self._lock = Lock()

    def draw(self, call: str | None) -> str:
        """Return the fate of the next answer."""
        with self._lock:
            if call:
                self.tries[call] += 1
            kind = "whole"
            if self._random.random() < self.share:
                spoilt = self.answers.total() - self.answers["whole"]
                # A stalled answer costs its time, so there are few.
                kind = (
                    "stalled"
                    if spoilt % _STALLS_EACH == _STALLS_EACH - 1
                    else ("refused", "lost")[spoilt % 2]
                )
            self.answers[kind] += 1
            return kind


class _Proxy(BaseHTTPRequestHandler):
    """A proxy that passes each request on and spoils some answers.

    `refused` is a 503 for work that was not done, `lost` one for work that was, and `stalled` an
    answer that never comes.
    """

    server: "_ProxyServer"
    protocol_version = "HTTP/1.1"
    timeout = 60

    def forward(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        kind = self.server.faults.draw(self.headers.get("amz-sdk-invocation-id"))
        answer = None if kind == "refused" else self.ask(body)
        if kind == "stalled":
            time.sleep(self.server.faults.stall_s)
            self.close_connection = True
        elif answer is None or kind == "lost":
            self.answer(503, {}, b"")
        else:
            self.answer(*answer)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = forward  # noqa: N815  # the base class finds them by these names

    def ask(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        upstream = http.client.HTTPConnection(self.server.upstream, timeout=60)
        try:
            upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                if name.lower() not in (*_HOP_BY_HOP, "expect"):
                    upstream.putheader(name, value)
            upstream.endheaders(body)
            answer = upstream.getresponse()
            return (
                answer.status,
                {name.lower(): value for name, value in answer.getheaders()},
                answer.read(),
            )
        finally:
            upstream.close()

    def answer(self, status: int, headers: dict[str, str], content: bytes) -> None:
        length = headers.get("content-length", "0") if self.command == "HEAD" else str(len(content))
        self.send_response_only(status)
        for name, value in (headers | {"content-length": length}).items():
            if name not in _HOP_BY_HOP:
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_) -> None:
        """Log nothing."""


class _ProxyServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, upstream: str, faults: Faults) -> None:
        super().__init__(("127.0.0.1", 0), _Proxy)
        self.upstream = upstream
        self.faults = faults

    def handle_error(self, *_) -> None:
        """Ignore a client that gave up on an answer."""


@contextmanager
def faulty(
    s3: S3Settings, *, share: float, stall_s: float, seed: int
) -> Iterator[tuple[S3Settings, Faults]]:
    """Run the same server behind a proxy that spoils a share of its answers."""
    faults = Faults(share, stall_s, seed)
    with _ProxyServer(s3.endpoint.partition("://")[2], faults) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield (
                s3.model_copy(update={"endpoint": f"http://127.0.0.1:{server.server_port}"}),
                faults,
            )
        finally:
            server.shutdown()
            thread.join()
