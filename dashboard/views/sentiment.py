"""Sentiment: over time, by platform and by channel."""

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

_MOST_CHANNELS = 12


def show(view: View) -> None:
    """Draw the page."""
    answer = view.cells(by="platform")
    cells = answer["cells"]
    if not cells:
        st.html(states.no_match())
        return
    before = totals(view.cells(by="none", step="day", period=view.period.before)["cells"])
    tiles = _tiles(totals(cells), before)
    st.html(parts.tiles(tiles, compared_with=view.compared(before.posts)))
    panels.say_what_is_hidden(answer)
    steps = rows.by_step(cells, view.period, view.step)
    _net(view, steps)
    _labels(view, steps)
    left, right = st.columns(2, gap="large")
    with left:
        _by_name(view, rows.by_name(cells, "platform"), "Platform")
    with right:
        channels = view.cells(by="channel", step="week")["cells"]
        _by_name(view, rows.by_name(channels, "channel"), "Channel")


def _tiles(now: Totals, before: Totals) -> list[Tile]:
    shares = [
        Tile(
            label.capitalize(),
            percent(now.share(label)),
            change_in_points(now.share(label), before.share(label)),
        )
        for label in ("positive", "neutral", "negative")
    ]
    net = Tile("Net sentiment", points(now.net), change_in_points(now.net, before.net))
    scored = relative_change(now.scored, before.scored)
    return [net, *shares, Tile("Posts with a label", count(now.scored), scored)]


def _net(view: View, steps: dict[datetime, Totals]) -> None:
    step = view.step
    panels.show(
        Panel(
            name="net-sentiment",
            title="Net sentiment",
            below="Positive less negative, in points of all posts with a label. Gaps: under ten.",
            alt=f"Line: net sentiment per {step}, {view.period.stated()}.",
            columns=rows.TIME_COLUMNS,
            table=rows.time_table(steps, step),
        ),
        lambda colours: charts.net_sentiment(rows.net(steps, step), colours, step=step),
        as_of=view.as_of,
    )


def _labels(view: View, steps: dict[datetime, Totals]) -> None:
    step = view.step
    panels.show(
        Panel(
            name="labels",
            title="Labels",
            below="How the posts with a label divide.",
            alt=f"Stacked bars to 100 %: positive, neutral, mixed and negative per {step}.",
            columns=rows.TIME_COLUMNS,
            table=rows.time_table(steps, step),
        ),
        lambda colours: charts.label_shares(rows.shares(steps, step), colours, step=step),
        as_of=view.as_of,
    )


def _by_name(view: View, names: dict[str, Totals], kind: str) -> None:
    drawn = rows.net_of_names(names)[:_MOST_CHANNELS]
    listed = ", ".join(f"{row['name']} {row['shown']}" for row in drawn)
    title = f"By {kind.lower()}"
    if not drawn:
        st.html(parts.panel_heading(title))
        st.html(parts.line(f"No {kind.lower()} has ten posts with a label."))
        return
    panels.show(
        Panel(
            name=f"by-{kind.lower()}",
            title=title,
            below="Net sentiment in points; most posts first.",
            alt=f"Bars on both sides of zero: net sentiment by {kind.lower()}. {listed}",
            columns=(Column(kind, "name"), *rows.TOTALS_COLUMNS),
            table=rows.name_table(names),
        ),
        lambda colours: charts.net_by_name(drawn, colours, title=kind),
        as_of=view.as_of,
    )
