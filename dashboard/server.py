"""Serve the pages by Streamlit, with security headers and without requests to other hosts."""

import asyncio
import base64
import hashlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, MutableMapping
from contextlib import asynccontextmanager
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import streamlit as st
from starlette.middleware import Middleware

from dashboard import failures, states
from dashboard.look import theme_options

_POLICY_VIOLATION = 1008
_NOT_OURS = (
    b"The dashboard answers only its own pages, under the names in dashboard.allowed_hosts.\n"
)
_SCRIPT = Path(__file__).with_name("main.py")

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Asgi = Callable[[Message, Receive, Send], Awaitable[None]]

_INLINE = re.compile(rb"<script>(.*?)</script>", re.DOTALL)


def _hashes() -> str:
    """Return the CSP hashes of the scripts in Streamlit's own page."""
    page = Path(st.__file__).parent / "static" / "index.html"
    digests = [hashlib.sha256(script).digest() for script in _INLINE.findall(page.read_bytes())]
    return " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)


# Streamlit writes styles into the page, so they must be allowed. Its charts need no eval.
_POLICY = "; ".join(
    (
        "default-src 'self'",
        f"script-src 'self' {_hashes()}",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self'",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = (
    (b"content-security-policy", _POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)


class Guard:
    """Refuses requests from foreign pages or for other hosts, and adds headers to every answer.

    Streamlit itself would answer a page of any port of this machine. The headers forbid the
    browser to load anything from another host.
    """

    def __init__(self, app: Asgi, names: frozenset[str]) -> None:
        self._app = app
        self._names = names

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                names = {name for name, _ in HEADERS}
                kept = [pair for pair in message["headers"] if pair[0].lower() not in names]
                message["headers"] = [*kept, *HEADERS]
            await send(message)

        if scope["type"] == "lifespan" or is_ours(scope["headers"], self._names):
            await self._app(scope, receive, with_headers)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": _POLICY_VIOLATION})
        else:
            plain = [(b"content-type", b"text/plain")]
            await with_headers({"type": "http.response.start", "status": 403, "headers": plain})
            await with_headers({"type": "http.response.body", "body": _NOT_OURS})


def is_ours(headers: Iterable[tuple[bytes, bytes]], names: frozenset[str]) -> bool:
    """Tell whether Host is one of the names, and Origin, if sent, is the same as Host."""
    texts = {name.lower(): value.decode("latin-1") for name, value in headers}
    host = texts.get(b"host", "")
    try:
        name = urlsplit(f"//{host}").hostname
    except ValueError:
        return False
    is_named = name in names or host.lower() in names
    origin = texts.get(b"origin")
    return is_named and (origin is None or origin.partition("://")[2] == host)


def options(host: str, port: int, allowed_hosts: tuple[str, ...]) -> dict[str, Any]:
    """Return Streamlit's options. Its files and environment variables are ignored."""
    return theme_options() | {
        "browser.gatherUsageStats": False,
        "client.showErrorDetails": "none",
        "client.showErrorLinks": False,
        "client.toolbarMode": "minimal",
        "global.developmentMode": False,
        "logger.hideWelcomeMessage": True,
        "runner.magicEnabled": False,
        "server.address": host,
        "server.allowedHosts": [urlsplit(f"//{name}").hostname for name in allowed_hosts],
        "server.enableAgentApi": False,
        "server.enableCORS": True,
        "server.enableStaticServing": False,
        "server.enableXsrfProtection": True,
        "server.fileWatcherType": "none",
        "server.headless": True,
        "server.port": port,
        "server.showEmailPrompt": False,
    }


def serve(
    host: str,
    port: int,
    *,
    allowed_hosts: tuple[str, ...] = (),
    started: Callable[[], None] = lambda: None,
) -> None:
    """Serve the pages until stopped. The environment has the API's address and key.

    `dashboard.session` names the variables.

    Args:
        host: the address to listen on.
        port: the port to listen on.
        allowed_hosts: names, or name:port, that a request's Host may have besides loopback's.
        started: is called when the pages can be opened.
    """

    @asynccontextmanager
    async def running(_: Any) -> AsyncIterator[None]:
        await asyncio.to_thread(_warm_up)
        started()
        yield

    names = ("localhost", "127.0.0.1", *(name.lower() for name in allowed_hosts))
    app = st.App(
        _SCRIPT,
        lifespan=running,
        middleware=[Middleware(Guard, names=frozenset(names))],
        on_script_error=_failed,
    )
    app.run(config=options(host, port, names))


def _warm_up() -> None:
    """Import libraries now, so that the first visitor need not wait for them."""
    for name in ("pandas", "pyarrow", "dashboard.views.overview", "dashboard.live"):
        import_module(name)


def _failed(error: Exception) -> bool:
    """Log the failure of a page and show a message in its place."""
    failures.log(error)
    st.html(states.broken())
    return True
