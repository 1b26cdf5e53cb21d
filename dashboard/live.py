"""Keep a page up to date by asking the API every few seconds whether its answers changed."""

import streamlit as st

from dashboard import parts
from dashboard.api import ApiError
from dashboard.session import api

EVERY_S = 4.0  # two questions and a redrawn page show a commit within 10 s
_QUIET = parts.line("Live: new posts appear here by themselves.")
_AGAIN = parts.line("Live: this page tries again every few seconds.")
_DRAWING = "page_is_being_drawn"


def begin() -> None:
    """Note that a page is being drawn, so that `watch` need not ask at once."""
    st.session_state[_DRAWING] = True


@st.fragment(run_every=EVERY_S)
def watch() -> None:
    """Redraw the page if an answer has changed. An unchanged answer costs one 304."""
    try:
        # A page that is being drawn has just asked.
        has_changed = not st.session_state.pop(_DRAWING, False) and api().has_changed()
    except ApiError:
        st.html(
            parts.line("The API does not answer at the moment. This page shows its last answer.")
        )
        return
    if has_changed:
        st.rerun()
    is_well = not any(kept.problem for kept in api().kept.values())
    st.html(_QUIET if is_well else _AGAIN)
