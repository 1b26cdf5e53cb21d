"""Run the API as users start it: `echostream serve` in its own process, on a free port."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from foundation.settings import Settings
from local.host.ports import free_ports
from tenancy.api_keys import create_key
from tenancy.database import Database

_START_S = 240.0  # for a busy machine
JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class Answer:
    """An answer of the server."""

    status: int
    headers: dict[str, str]  # with names in lower case
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Api:
    """A running server."""

    home: Path
    port: int
    process: subprocess.Popen[bytes]
    options: Mapping[str, str] = field(default_factory=dict)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | dict | list | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send a request on a connection of its own. A dict or list is sent as JSON."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            given = dict(headers or {})
            if isinstance(body, dict | list):
                body = json.dumps(body).encode()
                given = JSON | given
            connection.request(method, path, body=body, headers=given)
            response = connection.getresponse()
            names = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, names, response.read())
        finally:
            connection.close()

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> Answer:
        return self.ask("GET", path, headers=headers)

    def post(
        self, path: str, body: bytes | dict | list, headers: Mapping[str, str] | None = None
    ) -> Answer:
        return self.ask("POST", path, body, headers)

    def raw(self, sent: bytes, *, timeout: float = 60.0) -> bytes:
        """Send these bytes and return the answer until the server closes."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=timeout) as connection:
            connection.sendall(sent)
            received = b""
            while part := connection.recv(65_536):
                received += part
        return received

    def key(self, *scopes: str, **options: Any) -> str:
        """Create a key in the server's database."""
        database = Database(Settings(home=self.home).control_database)
        try:
            return create_key(database, "default", name="test", scopes=scopes, **options)[1]
        finally:
            database.close()

    def bearer(self, *scopes: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key(*scopes)}"}

    def log(self) -> list[dict]:
        """Return the access log so far."""
        lines = (self.home / "logs" / "api-access.log").read_text().splitlines()
        return [json.loads(line) for line in lines]

    def all_logs(self) -> str:
        return "".join(
            file.read_text(errors="replace") for file in sorted((self.home / "logs").iterdir())
        )

    def stop(self, *, within_s: float = 60.0) -> int:
        """End the server as an operator does, and return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(within_s)


@contextmanager
def serving(home: Path, **options: Any) -> Iterator[Api]:
    """Serve within the block, with settings of section `api`, or of others as `section__name`."""
    port = free_ports(1)[0]
    named = {"api__port": port} | {
        name if "__" in name else f"api__{name}": value for name, value in options.items()
    }
    variables = {f"ECHOSTREAM_{name.upper()}": _text(value) for name, value in named.items()}
    with (home / "serve.out").open("ab") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "cli.main", "--home", home, "serve"],
            env=os.environ | variables,
            stdout=out,
            stderr=out,
        )
    api = Api(home, port, process, variables)
    try:
        wait_for(api, "/readyz")
        yield api
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def wait_for(api: Api, path: str, *, status: int = 200) -> None:
    """Wait until a path answers with a status."""
    deadline = time.monotonic() + _START_S
    while True:
        assert api.process.poll() is None, (api.home / "serve.out").read_text()
        assert time.monotonic() < deadline, f"{path} is not {status} after {_START_S} s"
        try:
            if api.get(path).status == status:
                return
        except OSError:
            pass
        time.sleep(0.05)


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
