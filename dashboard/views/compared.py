"""Draw what several pages share: figures compared with the period before, and charts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import streamlit as st

from dashboard import panels, parts, rows, states
from dashboard.asked import View
from dashboard.charts import Spec
from dashboard.figures import Totals, change_in_points, percent, points, totals
from dashboard.look import Palette
from dashboard.names import platform_name
from dashboard.panels import Panel
from dashboard.parts import Column, Tile

Draw = Callable[[Palette], Spec]


@dataclass(frozen=True, slots=True)
class Sums:
    """The sums of a view, and the versions of the tables that they come from."""

    view: View
    over_time: dict[datetime, Totals]
    by_platform: dict[str, Totals]
    as_of: Mapping[str, Any]


def show_tiles(view: View, tiles: Callable[[Totals, Totals], list[Tile]]) -> Sums | None:
    """Show key figures and return the sums for charts, or None if no post matches the filters.

    Args:
        view: the period and filters of the page.
        tiles: makes key figures from the sums of the period and of the period before.
    """
    answer = view.cells(by="platform")
    cells = answer["cells"]
    if not cells:
        hidden = int(answer.get("hidden_cells") or 0)
        least = int(answer.get("min_authors") or 0)
        st.html(states.too_few_authors(hidden, least) if hidden else states.no_match())
        return None
    before = totals(view.cells(by="none", step="day", period=view.period.before)["cells"])
    shown = tiles(totals(cells), before)
    st.html(parts.tiles(shown, compared_with=view.compared(before.posts)))
    panels.say_what_is_hidden(answer)
    return Sums(
        view=view,
        over_time=rows.by_step(cells, view.period, view.step),
        by_platform={
            platform_name(key): sums for key, sums in rows.by_name(cells, "platform").items()
        },
        as_of=answer.get("as_of") or view.as_of,
    )


def net_tile(now: Totals, before: Totals) -> Tile:
    """Return the key figure of net sentiment."""
    return Tile("Net sentiment", points(now.net), change_in_points(now.net, before.net))


def share_tile(label: str, now: Totals, before: Totals) -> Tile:
    """Return the key figure of a label's share."""
    share = now.share(label)
    return Tile(label.capitalize(), percent(share), change_in_points(share, before.share(label)))


def show_over_time(sums: Sums, draw: Draw, *, name: str, title: str, below: str, alt: str) -> None:
    """Show a chart over time, with a table of the sums of all steps."""
    panel = Panel(
        name=name,
        title=title,
        below=below,
        alt=alt,
        columns=rows.TIME_COLUMNS,
        table=rows.time_table(sums.over_time, sums.view.step),
    )
    panels.show(panel, draw, as_of=sums.as_of)


def show_by_name(
    names: Mapping[str, Totals],
    draw: Draw,
    *,
    kind: str,
    name: str,
    title: str,
    below: str,
    alt: str,
    as_of: Mapping[str, Any],
) -> None:
    """Show a chart by platform or channel, with a table of the sums of all names."""
    panel = Panel(
        name=name,
        title=title,
        below=below,
        alt=alt,
        columns=(Column(kind, "name"), *rows.TOTALS_COLUMNS),
        table=rows.name_table(names),
    )
    panels.show(panel, draw, as_of=as_of)
