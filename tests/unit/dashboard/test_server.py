"""The dashboard answers only its own pages, and every answer has the security headers."""

import pytest

from dashboard.look import theme_options
from dashboard.server import HEADERS, is_ours, options

NAMES = frozenset({"localhost", "127.0.0.1", "echo.example", "proxy.example:8443"})


@pytest.mark.parametrize(
    ("host", "origin", "is_let_in"),
    [
        ("127.0.0.1:8501", None, True),
        ("localhost:8501", "http://localhost:8501", True),
        ("echo.example", "https://echo.example", True),
        ("proxy.example:8443", "https://proxy.example:8443", True),
        ("Proxy.example:8443", None, True),
        ("proxy.example", None, False),
        ("proxy.example:9999", None, False),
        ("127.0.0.1:8501", "http://127.0.0.1:8502", False),
        ("127.0.0.1:8501", "http://localhost:8501", False),
        ("127.0.0.1:8501", "https://evil.example", False),
        ("127.0.0.1:8501", "null", False),
        ("127.0.0.1:8501", "", False),
        ("rebound.example:8501", None, False),
        ("127.0.0.1.evil.example", None, False),
        ("127.0.0.1@evil.example", None, False),
        ("[", None, False),
        ("", None, False),
    ],
)
def test_only_our_own_pages_ask_under_our_own_names(host, origin, is_let_in):
    headers = [(b"Host", host.encode())]
    if origin is not None:
        headers.append((b"Origin", origin.encode()))
    assert is_ours(headers, NAMES) == is_let_in


def test_a_browser_loads_nothing_from_elsewhere_and_runs_no_script_of_a_page():
    policy = dict(HEADERS)[b"content-security-policy"].decode()
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["default-src"] == "'self'"
    assert rules["connect-src"] == "'self'"
    assert rules["frame-ancestors"] == "'none'"
    assert "unsafe" not in rules["script-src"]
    assert "http" not in policy.replace("https", "")


def test_streamlit_says_nothing_to_anybody_and_shows_no_stack_trace():
    given = options("127.0.0.1", 8501, ("localhost", "proxy.example:8443"))
    assert given["browser.gatherUsageStats"] is False
    assert given["client.showErrorDetails"] == "none"
    assert given["runner.magicEnabled"] is False
    assert given["server.address"] == "127.0.0.1"
    assert given["server.allowedHosts"] == ["localhost", "proxy.example"]  # by name alone
    assert given["server.enableCORS"] is True


def test_every_option_is_one_that_streamlit_has():
    from streamlit import config

    assert set(options("h", 1, ())) <= set(config._config_options_template)
    assert set(theme_options()) <= set(config._config_options_template)
