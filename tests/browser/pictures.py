"""Take the pictures in docs/pictures of the dashboard and the demo's report, by `make pictures`.

The script starts a broker, the generator, the streaming jobs, the API, the dashboard and a browser
as users do, and stops all of them. `LAKE_HOME=… python -m tests.browser.pictures` uses an existing
lake instead.
"""

import io
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser
from rich.console import Console
from rich.terminal_theme import MONOKAI

from foundation.settings import Settings
from local.demo.report import show_results
from tests.support.api import serving
from tests.support.browser import SIZES, Visit, chromium, dashboard
from tests.support.commands import echostream
from tests.support.kafka import new_stack

POSTS = 20_000
BASE = "2026-11-21T12:00:00"  # the feed's last moment, which the pictures show
_MOST_BYTES = 200 * 1024
_PICTURES = Path(__file__).parents[2] / "docs" / "pictures"
_COLUMNS = 124
_TERMINAL = "body { margin: 0 } pre { display: inline-block; margin: 0; padding: 16px 24px }"
_TALL = 1120  # the height of a laptop's page, which scrolls


@contextmanager
def made_lake() -> Iterator[Path]:
    """Return a home whose lake has the generator's posts, sent through Kafka and all jobs."""
    if home := os.environ.get("LAKE_HOME"):
        yield Path(home)
        return
    with tempfile.TemporaryDirectory() as folder, new_stack(Path(folder) / "home") as settings:
        for words in (
            ("generate", "--posts", str(POSTS), "--seed", "1", "--base", BASE),
            ("run", "--available-now"),
        ):
            done = echostream(settings, *words, timeout_s=1800)
            if done.code:
                sys.exit(f"echostream {words[0]} failed: {done.error}")
        yield settings.home


def take(browser: Browser, address: str, *, name: str, path: str, width: int, theme: str) -> None:
    """Write one picture of a page after everything is drawn."""
    height = _TALL if width > min(SIZES) else SIZES[width]
    with browser.new_context(
        viewport={"width": width, "height": height}, color_scheme=theme
    ) as context:
        visit = Visit(context.new_page(), address)
        page = visit.open(path)
        visit.settle()
        file = _PICTURES / f"{name}.png"
        page.screenshot(path=file, animations="disabled")
    _tell(file)


def take_report(browser: Browser, home: Path) -> None:
    """Write the picture of the report that `make demo` prints about this lake."""
    ledgers = (home / "ledger").glob("*.jsonl")
    sent = sum(len(ledger.read_text(encoding="utf-8").splitlines()) for ledger in ledgers)
    console = Console(
        record=True, width=_COLUMNS, file=io.StringIO(), force_terminal=True, highlight=False
    )
    if not show_results(Settings(home=home), console, sent=sent):
        sys.exit("the records in this lake do not add up to those in its ledger")
    file = _PICTURES / "demo.png"
    with browser.new_context() as context:
        page = context.new_page()
        page.set_content(console.export_html(theme=MONOKAI, inline_styles=True))
        page.add_style_tag(content=_TERMINAL)
        page.locator("pre").screenshot(path=file)
    _tell(file)


def _tell(file: Path) -> None:
    size = file.stat().st_size
    sys.stdout.write(f"docs/pictures/{file.name}: {size // 1024} KB\n")
    if size > _MOST_BYTES:
        sys.exit(f"{file.name} has {size} bytes, more than {_MOST_BYTES}")


def main() -> None:
    """Take all pictures."""
    with (
        made_lake() as home,
        serving(home) as api,
        dashboard(home, api.address) as address,
        chromium() as browser,
    ):
        for name, path, width, theme in (
            ("dashboard-overview", "/", 1280, "light"),
            ("dashboard-overview-dark", "/", 1280, "dark"),
            ("dashboard-sentiment", "/sentiment", 1280, "light"),
            ("dashboard-posts", "/posts", 1280, "light"),
            ("dashboard-quality", "/quality", 1280, "light"),
            ("dashboard-phone", "/", 390, "light"),
        ):
            take(browser, address, name=name, path=path, width=width, theme=theme)
        take_report(browser, home)


if __name__ == "__main__":
    main()
