"""Show a chart as all pages do: title, chart, time of its data, table and downloads."""

import csv
import io
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from dashboard import parts
from dashboard.charts import Spec, for_file
from dashboard.figures import MINUS, NARROW, NOTHING
from dashboard.look import LIGHT, Palette
from dashboard.parts import Column
from dashboard.periods import moment, read
from dashboard.session import colours

_MOST_ROWS = 200  # in a table on a page; the CSV file has all rows
_PNG_SCALE = 2.0
# The same as in foundation/csv_cells.py, which the dashboard may not import. A test compares them.
_FORMULA = re.compile(
    "[\t\r\n]|[\\s\x00-\x1f\x7f\u200b-\u200f\u2060\ufeff]*"
    "[=+\\-@\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b]"
)
_NUMBER = re.compile(
    r"[+-]?(?:[0-9]+(?:[.,][0-9]+)*[.,]?|[.,][0-9]+)(?:[eE][+-]?[0-9]+)?%?", re.ASCII
)
_SEPARATORS = re.compile(f"[,+{NARROW}{NOTHING}]")


@dataclass(frozen=True, slots=True)
class Panel:
    """A chart's name, title, description for readers who cannot see it, and table."""

    name: str  # in file names and in keys of elements on the page
    title: str
    below: str
    alt: str
    columns: Sequence[Column]
    table: Sequence[Mapping[str, str]]


def as_of_line(as_of: Mapping[str, Any]) -> str:
    """Return one line about the time and the version of the data."""
    for layer in ("Gold", "Silver"):
        version = as_of.get(f"{layer.lower()}_version")
        if version is not None:
            at = as_of.get("committed_at")
            when = f" of {moment(read(at))} UTC" if at else ""
            return f"Data{when}, {layer} version {version}"
    return "No figures have been computed yet"


def say_what_is_hidden(answer: Mapping[str, Any]) -> None:
    """Say how many small cells the sums leave out, if any."""
    hidden = answer.get("hidden_cells") or 0
    if hidden:
        least = answer.get("min_authors")
        words = (
            f"To protect authors, figures leave out {hidden:,} hours of channels with fewer than"
            f" {least} authors."
        )
        st.html(parts.line(words))


def show(panel: Panel, draw: Callable[[Palette], Spec], *, as_of: Mapping[str, Any]) -> None:
    """Show a chart. Its table is made when it is opened, its picture when it is downloaded."""
    with st.container(key=f"panel-{panel.name}", gap="xsmall"):
        st.html(parts.panel_heading(panel.title, panel.below))
        st.vega_lite_chart(
            draw(colours()), width="stretch", key=f"chart-{panel.name}", alt=panel.alt, theme=None
        )
        st.html(parts.line(as_of_line(as_of)))
        behind(panel, as_of=as_of, draw=draw)


def behind(
    panel: Panel,
    *,
    as_of: Mapping[str, Any],
    draw: Callable[[Palette], Spec] | None = None,
) -> None:
    """Offer the rows behind a chart, as a table and as files."""
    label = f"Data and downloads: {panel.title}"
    box = st.expander(label, on_change="rerun", key=f"data-{panel.name}")
    if not box.open:
        return
    with box:
        st.html(parts.table(panel.columns, panel.table[:_MOST_ROWS], name=panel.title))
        if len(panel.table) > _MOST_ROWS:
            st.html(
                parts.line(
                    f"First {_MOST_ROWS} of {len(panel.table):,} rows; the CSV file has all."
                )
            )
        with st.container(horizontal=True):
            st.download_button(
                "CSV",
                data=lambda: as_csv(panel),
                file_name=f"echostream-{panel.name}.csv",
                mime="text/csv",
                key=f"csv-{panel.name}",
                on_click="ignore",
            )
            if draw is not None:
                drawn = draw  # the type checker knows that it is not None inside a lambda
                st.download_button(
                    "PNG",
                    data=lambda: as_png(drawn, panel.title, as_of_line(as_of)),
                    file_name=f"echostream-{panel.name}.png",
                    mime="image/png",
                    key=f"png-{panel.name}",
                    on_click="ignore",
                )


def as_csv(panel: Panel) -> str:
    """Return a table as CSV with plain numbers. No cell acts as a formula in a spreadsheet."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([column.name for column in panel.columns])
    for row in panel.table:
        writer.writerow([_plain(row.get(column.key, ""), column) for column in panel.columns])
    return out.getvalue()


def _plain(value: str, column: Column) -> str:
    if column.is_number:
        return _SEPARATORS.sub("", value).replace(MINUS, "-").removesuffix("USD")
    return neutral(value)


def neutral(text: str) -> str:
    """Return a text in a form that no spreadsheet takes for a formula."""
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text


def as_png(draw: Callable[[Palette], Spec], title: str, as_of: str) -> bytes:
    """Return a chart as a PNG picture on white, drawn without any network request."""
    import vl_convert  # noqa: PLC0415  # 60 MB that only a download needs

    spec = for_file(draw(LIGHT), title, as_of)
    return bytes(vl_convert.vegalite_to_png(spec, scale=_PNG_SCALE, allowed_base_urls=[]))
