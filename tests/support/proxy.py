"""Run the proxy of docker-compose.yml without its container: nginx with deploy/proxy.conf."""

import http.client
import os
import shutil
import signal
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.api import Answer

CONFIGURATION = Path(__file__).resolve().parents[2] / "deploy" / "proxy.conf"
_START_S = 60.0


@dataclass(frozen=True)
class Proxy:
    """A running proxy."""

    port: int
    folder: Path  # mounted as /tmp in the container
    context: ssl.SSLContext

    @property
    def host(self) -> str:
        return f"localhost:{self.port}"

    def connect(self) -> ssl.SSLSocket:
        """Return a connection that checks the certificate."""
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=60)
        return self.context.wrap_socket(plain, server_hostname="localhost")

    def get(self, path: str, **headers: str) -> Answer:
        """Send a request by HTTPS. Names of headers have _ for -."""
        connection = http.client.HTTPSConnection(
            "localhost", self.port, timeout=60, context=self.context
        )
        try:
            given = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request("GET", path, headers=given)
            response = connection.getresponse()
            names = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, names, response.read())
        finally:
            connection.close()


def program() -> str:
    """Return the program. Skip the test if there is none."""
    for found in (shutil.which("nginx"), "/usr/sbin/nginx"):
        if found and Path(found).exists():
            return found
    pytest.skip("no nginx: apt-get install nginx-light")


def configured(folder: Path, run: Path, *, port: int, api: str, dashboard: str) -> Path:
    """Write deploy/proxy.conf with these addresses and folders, which replace those in it."""
    text = CONFIGURATION.read_text(encoding="utf-8")
    for name, value in {
        " /tmp": f" {folder}",
        " 8443 ssl": f" 127.0.0.1:{port} ssl",
        "http://api:8600": api,
        "http://dashboard:8501": dashboard,
        "/run/echostream/": f"{run}/",
    }.items():
        assert name in text, name
        text = text.replace(name, value)
    file = folder / "proxy.conf"
    file.write_text(text, encoding="utf-8")
    return file


@contextmanager
def proxying(folder: Path, run: Path, *, port: int, api: str, dashboard: str) -> Iterator[Proxy]:
    """Run nginx within the block; `run` has the certificate and the sign-in."""
    file = configured(folder, run, port=port, api=api, dashboard=dashboard)
    words = [program(), "-c", str(file), "-e", "stderr"]
    if os.geteuid() == 0:  # otherwise its workers are the user nobody, who may read neither
        words += ["-g", "user root;"]
    with (folder / "proxy.out").open("ab") as out:
        process = subprocess.Popen(words, stdout=out, stderr=out)
    context = ssl.create_default_context(cafile=run / "tls" / "tls.crt")
    try:
        _await(process, port, folder / "proxy.out")
        yield Proxy(port, folder, context)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        finally:
            process.kill()
            process.wait()


def _await(process: "subprocess.Popen[bytes]", port: int, out: Path) -> None:
    deadline = time.monotonic() + _START_S
    while True:
        assert process.poll() is None, out.read_text()
        assert time.monotonic() < deadline, f"no proxy after {_START_S} s"
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
