"""Draw the page Sentiment: sentiment over time, by platform and by channel."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from dashboard import charts, parts, rows
from dashboard.asked import View
from dashboard.figures import Totals, count, relative_change
from dashboard.parts import Tile
from dashboard.views.compared import (
    Sums,
    net_tile,
    share_tile,
    show_by_name,
    show_over_time,
    show_tiles,
)

_MOST_NAMES = 12


def show(view: View) -> None:
    """Draw the page."""
    sums = show_tiles(view, _tiles)
    if sums is None:
        return
    _net(sums)
    _labels(sums)
    left, right = st.columns(2, gap="large")
    with left:
        _by_name(sums.by_platform, "Platform", sums.as_of)
    with right:
        answer = view.cells(by="channel", step="week")
        as_of = answer.get("as_of") or sums.as_of
        _by_name(rows.by_name(answer["cells"], "channel"), "Channel", as_of)


def _tiles(now: Totals, before: Totals) -> list[Tile]:
    shares = [share_tile(label, now, before) for label in ("positive", "neutral", "negative")]
    scored = relative_change(now.scored, before.scored)
    return [
        net_tile(now, before),
        *shares,
        Tile("Posts with a label", count(now.scored), scored),
    ]


def _net(sums: Sums) -> None:
    step = sums.view.step
    show_over_time(
        sums,
        lambda colours: charts.net_sentiment(rows.net(sums.over_time, step), colours, step=step),
        name="net-sentiment",
        title="Net sentiment",
        below="Percentage of positive posts less that of negative ones, of the posts with a label."
        " The line has a gap where fewer than ten posts have a label.",
        alt=f"Line: net sentiment per {step}, {sums.view.period.stated()}.",
    )


def _labels(sums: Sums) -> None:
    step = sums.view.step
    show_over_time(
        sums,
        lambda colours: charts.label_shares(rows.shares(sums.over_time, step), colours, step=step),
        name="labels",
        title="Labels",
        below="Each label's share of the posts with a label. A post that was not scored has none.",
        alt=f"Stacked bars to 100 %: positive, neutral, mixed and negative per {step}.",
    )


def _by_name(names: Mapping[str, Totals], kind: str, as_of: Mapping[str, Any]) -> None:
    title = f"By {kind.lower()}"
    ranked = rows.net_of_names(names)
    if not ranked:
        st.html(parts.panel_heading(title))
        st.html(parts.line(f"No {kind.lower()} has ten or more posts with a label."))
        return
    drawn = ranked[:_MOST_NAMES]
    listed = ", ".join(f"{row['name']} {row['shown']}" for row in drawn)
    below = "Net sentiment in points, most posts first"
    if len(ranked) > len(drawn):
        below += f": the first {len(drawn)} of {len(ranked)}"
    show_by_name(
        names,
        lambda colours: charts.net_by_name(drawn, colours, title=kind),
        kind=kind,
        name=title.lower().replace(" ", "-"),
        title=title,
        below=f"{below}.",
        alt=f"Bars on both sides of zero: net sentiment by {kind.lower()}. {listed}",
        as_of=as_of,
    )
