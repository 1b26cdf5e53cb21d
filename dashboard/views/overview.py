"""Overview: how much is said, how it sounds, where, and the newest posts."""

from datetime import datetime

import streamlit as st

from dashboard import charts, panels, parts, rows, states
from dashboard.asked import View
from dashboard.figures import (
    Totals,
    change_in_points,
    count,
    percent,
    points,
    relative_change,
    totals,
)
from dashboard.panels import Panel
from dashboard.parts import Column, Tile

_NEWEST = 6


def show(view: View) -> None:
    """Draw the page."""
    answer = view.cells(by="platform")
    cells = answer["cells"]
    if not cells:
        st.html(states.no_match())
        return
    before = totals(view.cells(by="none", step="day", period=view.period.before)["cells"])
    tiles = _tiles(view, totals(cells), before)
    st.html(parts.tiles(tiles, compared_with=view.compared(before.posts)))
    panels.say_what_is_hidden(answer)
    steps = rows.by_step(cells, view.period, view.step)
    names = rows.by_name(cells, "platform")
    _volume(view, steps)
    left, right = st.columns([3, 2], gap="large")
    with left:
        _sentiment(view, steps)
    with right:
        _platforms(view, names)
    _newest(view)


def _tiles(view: View, now: Totals, before: Totals) -> list[Tile]:
    completeness = view.overall.get("completeness") or {}
    lag = completeness.get("lag_records")
    return [
        Tile("Posts", count(now.posts), relative_change(now.posts, before.posts)),
        Tile("Net sentiment", points(now.net), change_in_points(now.net, before.net)),
        *(
            Tile(
                name,
                percent(now.share(label)),
                change_in_points(now.share(label), before.share(label)),
            )
            for name, label in (("Positive", "positive"), ("Negative", "negative"))
        ),
        Tile(
            "Completeness",
            percent(completeness.get("share")),
            note="" if lag is None else f"{count(lag)} records wait",
        ),
    ]


def _volume(view: View, steps: dict[datetime, Totals]) -> None:
    label = view.filters.label
    step = view.step
    title = f"Posts per {step}" + (f", {label}" if label else "")
    panels.show(
        Panel(
            name="volume",
            title=title,
            below=rows.peak(steps, step) if not label else "",
            alt=f"Bars: {title}, {view.period.stated()}. {rows.peak(steps, step)}",
            columns=rows.TIME_COLUMNS,
            table=rows.time_table(steps, step),
        ),
        lambda colours: charts.volume(rows.volume(steps, step, label), colours, step=step),
        as_of=view.as_of,
    )


def _sentiment(view: View, steps: dict[datetime, Totals]) -> None:
    step = view.step
    panels.show(
        Panel(
            name="sentiment",
            title="Sentiment",
            below="Shares of posts with a label: positive above zero, negative below.",
            alt=f"Bars above and below zero: shares of positive and negative posts per {step}.",
            columns=rows.TIME_COLUMNS,
            table=rows.time_table(steps, step),
        ),
        lambda colours: charts.sentiment(rows.diverging(steps, step), colours, step=step),
        as_of=view.as_of,
    )


def _platforms(view: View, names: dict[str, Totals]) -> None:
    amounts = rows.amounts(names)
    listed = ", ".join(f"{row['name']} {row['shown']}" for row in amounts)
    panels.show(
        Panel(
            name="platforms",
            title="Platforms",
            below="Posts, and the share of all.",
            alt=f"Bars: posts by platform. {listed}",
            columns=(Column("Platform", "name"), *rows.TOTALS_COLUMNS),
            table=rows.name_table(names),
        ),
        lambda colours: charts.bars(amounts, colours, title="Platform"),
        as_of=view.as_of,
    )


def _newest(view: View) -> None:
    newest = view.posts(limit=_NEWEST)
    st.html(parts.panel_heading("Newest posts"))
    if not newest["posts"]:
        st.html(parts.line("No post of this period passes the filters."))
        return
    st.html(parts.posts(newest["posts"]))
    st.html(parts.line(panels.as_of_line(newest.get("as_of") or view.as_of)))
