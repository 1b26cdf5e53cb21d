"""A page follows the lake: it asks now and then whether its answers still hold."""

import streamlit as st

from dashboard import parts
from dashboard.api import ApiError
from dashboard.session import api

EVERY_S = 4.0  # a commit shows within 10 s: two looks and a page
_QUIET = parts.line("Live: new posts appear here by themselves.")
_AGAIN = parts.line("Live: this page looks again every few seconds.")
_DRAWING = "page_is_being_drawn"


def begin() -> None:
    """Say that a page is being drawn."""
    st.session_state[_DRAWING] = True


@st.fragment(run_every=EVERY_S)
def watch() -> None:
    """Draw the page anew where an answer has changed; an answer that holds costs one 304."""
    try:
        # The page itself has just asked, where it is drawn.
        has_changed = not st.session_state.pop(_DRAWING, False) and api().has_changed()
    except ApiError:
        st.html(
            parts.line("The API does not answer at the moment; what is shown is the last answer.")
        )
        return
    if has_changed:
        st.rerun()
    is_well = not any(kept.problem for kept in api().kept.values())
    st.html(_QUIET if is_well else _AGAIN)
