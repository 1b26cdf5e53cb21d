"""Draw the page Overview: number of posts, sentiment, platforms, and the newest posts."""

import streamlit as st

from dashboard import charts, panels, parts, rows
from dashboard.asked import View
from dashboard.figures import Totals, count, percent, relative_change
from dashboard.parts import Tile
from dashboard.views.compared import (
    Sums,
    net_tile,
    share_tile,
    show_by_name,
    show_over_time,
    show_tiles,
)

_NEWEST = 6


def show(view: View) -> None:
    """Draw the page."""
    sums = show_tiles(view, lambda now, before: _tiles(view, now, before))
    if sums is None:
        return
    _volume(sums)
    left, right = st.columns([3, 2], gap="large")
    with left:
        _sentiment(sums)
    with right:
        _platforms(sums)
    _newest(view)


def _tiles(view: View, now: Totals, before: Totals) -> list[Tile]:
    completeness = view.overall.get("completeness") or {}
    lag = completeness.get("lag_records")
    return [
        Tile("Posts", count(now.posts), relative_change(now.posts, before.posts)),
        net_tile(now, before),
        share_tile("positive", now, before),
        share_tile("negative", now, before),
        Tile(
            "Completeness",
            percent(completeness.get("share")),
            note="" if lag is None else f"{count(lag)} records still wait",
        ),
    ]


def _volume(sums: Sums) -> None:
    label = sums.view.filters.label
    step = sums.view.step
    title = f"Posts per {step}" + (f", {label}" if label else "")
    peak = rows.peak(sums.over_time, step, label)
    show_over_time(
        sums,
        lambda colours: charts.volume(rows.volume(sums.over_time, step, label), colours, step=step),
        name="volume",
        title=title,
        below=f"{peak} {sums.view.period.unfinished(step)}".strip(),
        alt=f"Bars: {title}, {sums.view.period.stated()}. {peak}",
    )


def _sentiment(sums: Sums) -> None:
    step = sums.view.step
    show_over_time(
        sums,
        lambda colours: charts.sentiment(rows.diverging(sums.over_time, step), colours, step=step),
        name="sentiment",
        title="Sentiment",
        below="Shares of the posts with a label: positive above zero, negative below.",
        alt=f"Bars above and below zero: shares of positive and negative posts per {step}.",
    )


def _platforms(sums: Sums) -> None:
    amounts = rows.amounts(sums.by_platform)
    listed = ", ".join(f"{row['name']} {row['shown']}" for row in amounts)
    show_by_name(
        sums.by_platform,
        lambda colours: charts.bars(amounts, colours, title="Platform"),
        kind="Platform",
        name="platforms",
        title="Platforms",
        below="Number of posts, and share of all posts.",
        alt=f"Bars: posts by platform. {listed}",
        as_of=sums.as_of,
    )


def _newest(view: View) -> None:
    newest = view.posts(limit=_NEWEST)
    st.html(parts.panel_heading("Newest posts"))
    if not newest["posts"]:
        st.html(parts.line("No post of this period matches the filters."))
        return
    st.html(parts.posts(newest["posts"]))
    st.html(parts.line(panels.as_of_line(newest.get("as_of") or view.as_of)))
