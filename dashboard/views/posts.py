"""Draw the page Posts: the newest posts first, page by page."""

import streamlit as st

from dashboard import panels, parts, states
from dashboard.asked import View

_PAGE = 25
_PAGES = "pages_of_posts"


def show(view: View) -> None:
    """Draw the page."""
    chosen = (view.filters, view.period)
    number, before = st.session_state.get(_PAGES, (1, None))
    if before != chosen:
        number = 1
        st.session_state[_PAGES] = (number, chosen)
    shown = []
    cursor = ""
    answer = {}
    for _ in range(number):
        answer = view.posts(limit=_PAGE, cursor=cursor)
        shown.extend(answer["posts"])
        cursor = answer.get("next_cursor") or ""
        if not cursor:
            break
    if not shown:
        st.html(states.no_match())
        return
    st.html(parts.posts(shown))
    st.html(parts.line(panels.as_of_line(answer.get("as_of") or view.as_of)))
    if cursor and st.button("Older posts", key="older"):
        st.session_state[_PAGES] = (number + 1, chosen)
        st.rerun()
    if not cursor:
        st.html(parts.line("No older post matches the filters."))
