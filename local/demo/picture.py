"""A picture of the dashboard's first page, taken by a browser of this machine."""

import os
import shutil
from pathlib import Path

from foundation.errors import ServiceFailedError

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "microsoft-edge")
_WIDTH = 1280
_HEIGHT = 1120
_PATIENCE_MS = 60_000.0
_FIGURES = ".es-tiles"
_AT_REST = "[data-testid=stApp][data-test-script-state=notRunning]"
_CHARTS = "[data-testid=stVegaLiteChart] svg"


def browser() -> str | None:
    """Return a browser of this machine that can be driven, None where there is none."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


def take_picture(program: str, address: str, file: Path) -> bool:
    """Write a picture of the page at an address, as it stands when its charts are drawn.

    Returns:
        False where the browser does not start, as one in a box of its own may not.

    Raises:
        ServiceFailedError: the page was not drawn.
    """
    from playwright.sync_api import Error, sync_playwright  # noqa: PLC0415  # make's own, as tests need it

    with sync_playwright() as playwright:
        sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []  # Chromium's own rule for root
        try:
            running = playwright.chromium.launch(executable_path=program, args=sandbox)
        except Error:
            return False
        try:
            page = running.new_page(viewport={"width": _WIDTH, "height": _HEIGHT})
            page.set_default_timeout(_PATIENCE_MS)
            page.goto(address)
            for selector in (_FIGURES, _AT_REST, _CHARTS):
                page.wait_for_selector(selector)
            page.wait_for_load_state("networkidle")
            page.screenshot(path=file, animations="disabled")
        except Error:
            raise ServiceFailedError(
                f"the dashboard at {address} was not drawn", remedy="Open it in a browser"
            ) from None
        finally:
            running.close()
    return True
