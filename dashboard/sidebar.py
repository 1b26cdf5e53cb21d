"""Draw the sidebar: links to the pages, and the filters, which the address repeats."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import streamlit as st

from dashboard.filters import (
    DEFAULT_DAYS,
    EARLIEST,
    LABELS,
    LAST_DAYS,
    LATEST,
    LONGEST_DAYS,
    Filters,
    from_address,
    to_address,
)
from dashboard.names import platform_name

_DATES = "dates"
_ALL = "All labels"
_CHOSEN = "chosen_filters"
_PAGE = "page_of_filters"
_PERIODS: dict[Any, str] = {
    **{days: f"Last {days} days" for days in LAST_DAYS if days > 1},
    1: "Last 24 hours",
    _DATES: "From … to …",
}


MENU: dict[Any, str | None] = {"Get help": None, "Report a bug": None, "About": None}


def wordmark() -> str:
    """Return the product's name as HTML."""
    return '<div class="es-wordmark">Echo<span>Stream</span></div>'


def links(pages: Mapping[str, st.Page]) -> None:
    """Show links to the pages, which keep the filters."""
    address = to_address(st.session_state.get(_CHOSEN, Filters()))
    for name, page in pages.items():
        st.page_link(page, label=name, query_params=address if name != "Data quality" else {})


def filters(page: str, platforms: Sequence[str], newest: date) -> Filters:
    """Show the filters and return the chosen ones. A new address overrides the widgets."""
    _take_address(page, newest)
    period = st.selectbox(
        "Period", [*sorted(LAST_DAYS), _DATES], format_func=_PERIODS.__getitem__, key="f_period"
    )
    first: date | None = None
    last: date | None = None
    if period == _DATES:
        first = _day("From (UTC)", "f_first")
        last = _day("To, inclusive (UTC)", "f_last")
        first, last = sorted((first, last))
        first = max(first, last - timedelta(days=LONGEST_DAYS))
    offered = sorted({*platforms, *st.session_state["f_platforms"]})
    platform = st.multiselect(
        "Platforms",
        offered,
        format_func=platform_name,
        placeholder="All platforms",
        key="f_platforms",
    )
    channel = st.text_input("Channel", placeholder="All channels", key="f_channel", max_chars=200)
    label = st.selectbox("Sentiment label of posts", [_ALL, *LABELS], key="f_label")
    chosen = Filters(
        days=period if isinstance(period, int) else DEFAULT_DAYS,
        first=first,
        last=last,
        platforms=tuple(sorted(platform)),
        channel=(channel or "").strip(),
        label=label if label in LABELS else "",
    )
    _write_address(chosen)
    return chosen


def _day(label: str, key: str) -> date:
    """Ask for a day."""
    day = st.date_input(label, key=key, min_value=EARLIEST, max_value=LATEST)
    return day if isinstance(day, date) else LATEST


def leave() -> None:
    """Note that the page on show has no filters. The chosen ones are kept."""
    st.session_state[_PAGE] = None


def _take_address(page: str, newest: date) -> None:
    """Set the widgets from the address if it is new, otherwise from the session."""
    address = st.query_params.to_dict()
    chosen = st.session_state.get(_CHOSEN)
    # On another page, Streamlit treats the same widget as a new one without a value.
    is_held = st.session_state.get(_PAGE) == page
    st.session_state[_PAGE] = page
    if chosen is None or (address and address != to_address(chosen)):
        chosen = from_address(address)
    elif is_held:
        return
    st.session_state["f_period"] = _DATES if chosen.has_dates else chosen.days
    st.session_state["f_first"] = chosen.first or newest - timedelta(days=DEFAULT_DAYS - 1)
    st.session_state["f_last"] = chosen.last or newest
    st.session_state["f_platforms"] = list(chosen.platforms)
    st.session_state["f_channel"] = chosen.channel
    st.session_state["f_label"] = chosen.label or _ALL


def _write_address(chosen: Filters) -> None:
    address = to_address(chosen)
    if st.query_params.to_dict() != address:
        st.query_params.from_dict(address)
    st.session_state[_CHOSEN] = chosen
