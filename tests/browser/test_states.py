"""A dashboard that lacks something says so, with a remedy, and never shows a stack trace."""

import pytest

from tests.support.api import serving
from tests.support.browser import Visit, dashboard


@pytest.fixture(scope="module")
def empty(tmp_path_factory, browser):
    """Serve a home without a lake until the API is stopped."""
    home = tmp_path_factory.mktemp("empty")
    with serving(home, keyless_loopback=True) as api, dashboard(home, api.address) as address:
        yield api, address


def test_without_a_lake_and_without_an_api(browser, empty):
    api, address = empty
    with browser.new_context() as context:
        tab = Visit(context.new_page(), address)
        page = tab.open("/")
        assert page.locator(".es-state h2").inner_text() == "No posts yet"
        assert "make live" in page.locator(".es-state code").inner_text()
        api.stop()
        page.get_by_text("The API does not answer at the moment").wait_for()
        tab.open("/quality")
        assert page.locator(".es-state h2").inner_text() == "The API does not answer"
        assert "echostream serve" in page.locator(".es-state code").inner_text()
        assert tab.errors == []
