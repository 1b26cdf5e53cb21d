"""Draw a page. Streamlit runs this script for each page and for each change of a filter."""

from collections.abc import Callable
from typing import Any

import streamlit as st

from dashboard import asked, failures, live, parts, sidebar, states
from dashboard.api import ApiError
from dashboard.asked import View
from dashboard.look import style_sheet
from dashboard.session import api, api_url, colours
from dashboard.views import overview, posts, quality, sentiment


def main() -> None:
    """Draw the page that the address names."""
    st.set_page_config(page_title="EchoStream", layout="wide", menu_items=sidebar.MENU)
    st.html(style_sheet(colours()))
    pages = {
        "Overview": st.Page(_overview, title="Overview", default=True),
        "Sentiment": st.Page(_sentiment, title="Sentiment", url_path="sentiment"),
        "Posts": st.Page(_posts, title="Posts", url_path="posts"),
        "Data quality": st.Page(_quality, title="Data quality", url_path="quality"),
    }
    chosen = st.navigation(list(pages.values()), position="hidden")
    with st.sidebar:
        st.html(sidebar.wordmark())
        links = st.container(key="pages", gap=None)
    api().begin()
    live.begin()
    chosen.run()
    with links:
        sidebar.links(pages)


def _overview() -> None:
    _filtered("Overview", overview.show)


def _sentiment() -> None:
    _filtered("Sentiment", sentiment.show)


def _posts() -> None:
    _filtered("Posts", posts.show)


def _quality() -> None:
    sidebar.leave()
    _head("Data quality", "How complete and how recent is the data?")
    _guarded(lambda: quality.show(api()))


def _filtered(title: str, show: Callable[[View], None]) -> None:
    """Draw a page that has filters."""
    overall: dict[str, Any] = {}
    problem: ApiError | None = None
    try:
        overall = asked.overall(api())
    except ApiError as refusal:
        problem = refusal
    with st.sidebar:
        filters = sidebar.filters(title, asked.platforms_in(overall), asked.newest_day(overall))
    has_posts = overall.get("cells") or overall.get("hidden_cells")
    view = asked.view(api(), filters, overall) if has_posts else None
    _head(title, view.stated if view else "")
    if problem:
        st.html(states.problem(problem.kind, problem.detail, api_url()))
    elif view is None:
        st.html(states.no_posts_yet())
    else:
        _guarded(lambda: show(view))


def _head(title: str, below: str) -> None:
    with st.container(gap=None):
        st.html(parts.heading(title, below))
        live.watch()


def _guarded(draw: Callable[[], None]) -> None:
    """Draw, or show a message in place of what could not be drawn."""
    try:
        draw()
    except ApiError as problem:
        st.html(states.problem(problem.kind, problem.detail, api_url()))
    except Exception as error:  # Streamlit would log its message, which could quote a post
        failures.log(error)
        st.html(states.broken())


main()
