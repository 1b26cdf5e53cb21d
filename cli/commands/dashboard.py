"""`echostream dashboard`."""

import os
import stat
import sys
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from cli.context import settings_of
from cli.input.signals import interrupt_on_sigterm
from foundation.errors import ApiUnreachableError, KeyFileError, SettingsError, UsageError
from local.host.ports import demand_free, url_of

try:
    import httpx2

    from dashboard.server import serve
    from dashboard.session import KEY_VARIABLE, URL_VARIABLE
except ImportError as error:
    raise SettingsError(
        f"the dashboard needs {error.name}", remedy="pip install 'echostream[dashboard]'"
    ) from None

_PATIENCE_S = 5.0  # for the API's first answer
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_NO_KEY = 401
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_MAKE_KEY = (
    "Make one with `echostream api-keys create --name dashboard --scope mentions:read`,"
    " and name its file by --api-key-file"
)


def dashboard(
    context: typer.Context,
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="default: dashboard.port, 8501")
    ] = None,
    api_url: Annotated[str | None, typer.Option(help="default: the API of this machine")] = None,
    api_key_file: Annotated[
        Path | None, typer.Option(help="a file with an API key of the scope mentions:read")
    ] = None,
) -> None:
    """Serve the dashboard, until stopped by Ctrl-C. It asks the API of `echostream serve`."""
    settings = settings_of(context)
    given = settings.dashboard
    local_api = url_of(settings.api.host, settings.api.port)
    where = (api_url or given.api_url or local_api).rstrip("/")
    key_file = api_key_file or given.api_key_file
    key = _key(key_file) if key_file else ""
    _demand_api(where, key)
    listens = port or given.port
    demand_free(listens, setting="ECHOSTREAM_DASHBOARD__PORT")
    os.environ[URL_VARIABLE] = where
    os.environ[KEY_VARIABLE] = key
    if given.host not in _LOOPBACK:
        print(
            f"warning: who reaches {given.host}:{listens} sees what its key sees", file=sys.stderr
        )
    interrupt_on_sigterm()
    with suppress(KeyboardInterrupt):
        serve(
            given.host,
            listens,
            allowed_hosts=given.allowed_hosts,
            started=lambda: print(
                f"dashboard of {where} at {url_of(given.host, listens)}; Ctrl-C ends it", flush=True
            ),
        )


def _key(file: Path) -> str:
    """Return the key in a file, which its owner alone may read; it is never quoted."""
    try:
        if file.stat().st_mode & _OTHERS:
            raise KeyFileError(f"others may read {file}", remedy=f"chmod 600 {file}")
        key = file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        raise KeyFileError(f"the API key in {file} cannot be read", remedy=_MAKE_KEY) from None
    if not key or not key.isprintable() or " " in key:
        raise KeyFileError(f"{file} holds no API key", remedy=_MAKE_KEY)
    return key


def _demand_api(where: str, key: str) -> None:
    """Refuse to start without an API that answers, and one that takes the key.

    Raises:
        ApiUnreachableError: nothing answers there, or something else does.
        KeyFileError: it asks for a key, or for another one.
    """
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    try:
        with httpx2.Client(base_url=where, timeout=_PATIENCE_S, trust_env=False) as client:
            is_up = client.get("/healthz").status_code == httpx2.codes.OK
            asked = client.get("/v1/quality", headers=headers) if is_up else None
    except httpx2.InvalidURL:
        raise UsageError(
            f"{where} is no address of an API", remedy="Write http://HOST:PORT"
        ) from None
    except httpx2.HTTPError as error:
        raise ApiUnreachableError(
            f"no API answers at {where} ({type(error).__name__})",
            remedy="Start it with `echostream serve`, or name another one by --api-url",
        ) from None
    if asked is None:
        raise ApiUnreachableError(
            f"what answers at {where} is not this program's API, or it is not ready",
            remedy="Start it with `echostream serve`, or name another one by --api-url",
        )
    if asked.status_code == _NO_KEY:
        what = "refuses this key" if key else "asks for a key"
        raise KeyFileError(f"the API at {where} {what}", remedy=_MAKE_KEY)
