"""What one browser session holds: its way to the API, and the colours of its theme."""

import os

import httpx2
import streamlit as st

from dashboard.api import Api, connect
from dashboard.look import Palette, palette

# `echostream dashboard` sets these; a deployment of its own may.
URL_VARIABLE = "DASHBOARD_API_URL"
KEY_VARIABLE = "DASHBOARD_API_KEY"
DEFAULT_URL = "http://127.0.0.1:8600"


def api_url() -> str:
    """Return the API's address."""
    return os.environ.get(URL_VARIABLE) or DEFAULT_URL


@st.cache_resource(show_spinner=False)
def _client(url: str, key: str) -> httpx2.Client:
    return connect(url, key)


def api() -> Api:
    """Return this session's API; answers are kept for this session alone."""
    if "api" not in st.session_state:
        client = _client(api_url(), os.environ.get(KEY_VARIABLE, ""))
        st.session_state["api"] = Api(client)
    kept: Api = st.session_state["api"]
    return kept


def colours() -> Palette:
    """Return the colours of the theme that the browser shows."""
    return palette(st.context.theme.type)
