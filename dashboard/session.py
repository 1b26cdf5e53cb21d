"""Hold the state of one browser session: its API client and the colours of its theme."""

import os

import httpx2
import streamlit as st

from dashboard.api import Answers, Api, connect
from dashboard.look import Palette, palette

# `echostream dashboard` sets these variables. A deployment without it may set them too.
URL_VARIABLE = "DASHBOARD_API_URL"
KEY_VARIABLE = "DASHBOARD_API_KEY"
_SHARED_S = 1.0  # much less than `live.EVERY_S`, so that a commit still shows within 10 s
DEFAULT_URL = "http://127.0.0.1:8600"


def api_url() -> str:
    """Return the API's address."""
    return os.environ.get(URL_VARIABLE) or DEFAULT_URL


@st.cache_resource(show_spinner=False)
def _connection(url: str, key: str) -> tuple[httpx2.Client, Answers]:
    """Return the client and the answers that all sessions share."""
    return connect(url, key), Answers(holds_s=_SHARED_S)


def api() -> Api:
    """Return this session's API, which keeps the answers of its own pages."""
    if "api" not in st.session_state:
        client, answers = _connection(api_url(), os.environ.get(KEY_VARIABLE, ""))
        st.session_state["api"] = Api(client, answers)
    session_api: Api = st.session_state["api"]
    return session_api


def colours() -> Palette:
    """Return the colours of the theme that the browser shows."""
    return palette(st.context.theme.type)
