"""Run Debian's Chromium, and the dashboard as users start it."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from local.host.ports import free_ports

_START_S = 120.0  # for a busy machine
PATIENCE_MS = 60_000.0
# The sizes of a phone and a laptop.
SIZES = {390: 844, 1280: 800}
# Streamlit first looks for its server below the page's own path, and then at the root.
_KNOWN_NOISE = ("404 (Not Found)", "Infinite extent for field", "unload is not allowed")


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run a browser within the block. Skip the test if none is installed."""
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("no chromium: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox"] if os.geteuid() == 0 else []
        )
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def dashboard(home: Path, api_url: str, *words: str) -> Iterator[str]:
    """Serve the dashboard within the block, and yield its address."""
    port = free_ports(1)[0]
    out = home / f"dashboard-{port}.out"  # two dashboards may share a home
    with out.open("ab") as log:
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "cli.main",
                "--home",
                home,
                "dashboard",
                "--port",
                str(port),
                "--api-url",
                api_url,
                *words,
            ],
            stdout=log,
            stderr=log,
        )
    try:
        _wait_for(process, out)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.send_signal(signal.SIGINT)
        try:
            assert process.wait(30) == 0, out.read_text()
        finally:
            process.kill()
            process.wait()


def _wait_for(process: subprocess.Popen[bytes], out: Path) -> None:
    deadline = time.monotonic() + _START_S
    while "Ctrl-C ends it" not in out.read_text():
        assert process.poll() is None, out.read_text()
        assert time.monotonic() < deadline, f"no dashboard after {_START_S} s"
        time.sleep(0.05)


@dataclass
class Visit:
    """A tab that records its errors and the hosts that it asked."""

    page: Page
    root: str
    errors: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.page.set_default_timeout(PATIENCE_MS)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", self._note)
        self.page.on("request", lambda request: self.hosts.add(_host(request.url)))
        self.page.on("websocket", lambda socket: self.hosts.add(_host(socket.url)))

    def _note(self, message: object) -> None:
        text = getattr(message, "text", "")
        kind = getattr(message, "type", "")
        if kind == "error" and not any(noise in text for noise in _KNOWN_NOISE):
            self.errors.append(text)

    def open(self, path: str = "/") -> Page:
        """Open a page of the dashboard and wait until it is drawn."""
        self.page.goto(f"{self.root}{path}")
        self.drawn()
        return self.page

    def drawn(self) -> None:
        """Wait until the page has its figures or a message in their place, and is at rest."""
        self.page.wait_for_selector(".es-tiles, .es-state, .es-post")
        self.page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]")
        self.page.locator("[data-testid=stSidebar] a").nth(3).wait_for(state="attached")
        charts = self.page.locator("[data-testid=stVegaLiteChart]")
        for number in range(charts.count()):
            charts.nth(number).locator("svg, canvas").first.wait_for()

    def settle(self) -> None:
        """Wait until the page fetches and draws nothing any more."""
        self.page.wait_for_load_state("networkidle")


def _host(url: str) -> str:
    parts = urlsplit(url)
    return "" if parts.scheme in {"data", "blob", "about"} else parts.netloc
