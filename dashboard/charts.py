"""Draw charts in Vega-Lite. Each function takes rows from `dashboard.rows` and returns a spec."""

from collections.abc import Mapping, Sequence
from typing import Any

from dashboard.figures import NARROW
from dashboard.look import LIGHT, SIGNS, Palette, chart_config

Row = Mapping[str, Any]
Spec = dict[str, Any]

_SCHEMA = "https://vega.github.io/schema/vega-lite/v6.4.json"  # a name; no request is made
_HOURS = (
    "utcFormat(datum.value, '%H') == '00'"
    " ? utcFormat(datum.value, '%e %b') : utcFormat(datum.value, '%H:%M')"
)
_PERCENT = f"format(abs(datum.value) * 100, '.0f') + '{NARROW}%'"  # as `figures.percent` writes it
_DAYS = "utcFormat(toDate(datum.value), '%e %b')"
_HEIGHT = 240
_ROW_HEIGHT = 30


def volume(rows: Sequence[Row], colours: Palette = LIGHT, *, step: str = "day") -> Spec:
    """Draw posts per step, from rows of `at`, `name`, `posts`."""
    return _chart(
        rows,
        colours,
        height=_HEIGHT,
        mark={"type": "bar", "color": colours.accent, "cornerRadiusEnd": 2, "binSpacing": 3},
        encoding={
            "x": _time(step),
            "y": _number("posts", "Posts") | {"stack": None},
            "tooltip": [_tip("name", "When"), _tip("posts", "Posts", ",")],
        },
    )


def sentiment(rows: Sequence[Row], colours: Palette = LIGHT, *, step: str = "day") -> Spec:
    """Draw shares above and below zero, from rows of `at`, `name`, `label`, `share`, `shown`."""
    return _chart(
        rows,
        colours,
        height=_HEIGHT,
        layer=[
            {
                "mark": {"type": "bar", "cornerRadiusEnd": 2, "binSpacing": 3},
                "encoding": {
                    "x": _time(step),
                    "y": {
                        "field": "share",
                        "type": "quantitative",
                        "stack": None,
                        "title": "Share of labelled posts",
                        "axis": {"labelExpr": _PERCENT, "tickCount": 5},
                    },
                    "color": _label_colour(colours, ("positive", "negative")),
                    "tooltip": [
                        _tip("name", "When"),
                        _tip("label", "Label"),
                        _tip("shown", "Share"),
                        _tip("posts", "Posts", ","),
                    ],
                },
            },
            _zero(colours, "y"),
        ],
    )


def net_sentiment(rows: Sequence[Row], colours: Palette = LIGHT, *, step: str = "day") -> Spec:
    """Draw net sentiment, from rows of `at`, `name`, `net` in points; null leaves a gap."""
    return _chart(
        rows,
        colours,
        height=_HEIGHT,
        layer=[
            _zero(colours, "y"),
            {
                "mark": {
                    "type": "line",
                    "color": colours.accent,
                    "strokeWidth": 2,
                    "point": {"color": colours.accent, "size": 28},
                    "invalid": "break-paths-show-domains",
                },
                "encoding": {
                    "x": _time(step),
                    "y": _number("net", "Net sentiment, points", signed=True),
                    "tooltip": [_tip("name", "When"), _tip("net", "Net sentiment", "+.1f")],
                },
            },
        ],
    )


def label_shares(rows: Sequence[Row], colours: Palette = LIGHT, *, step: str = "day") -> Spec:
    """Draw all labels up to 100 %, from rows of `at`, `name`, `label`, `posts`, `shown`."""
    names = ("positive", "neutral", "mixed", "negative")
    return _chart(
        [row | {"order": names.index(row["label"])} for row in map(dict, rows)],
        colours,
        height=_HEIGHT,
        mark={"type": "bar", "binSpacing": 2},
        encoding={
            "x": _time(step),
            "y": {
                "field": "posts",
                "type": "quantitative",
                "stack": "normalize",
                "title": "Share of labelled posts",
                "axis": {"labelExpr": _PERCENT, "tickCount": 5},
            },
            "order": {"field": "order"},
            "color": _label_colour(colours, names),
            "tooltip": [
                _tip("name", "When"),
                _tip("label", "Label"),
                _tip("shown", "Share"),
                _tip("posts", "Posts", ","),
            ],
        },
    )


def bars(
    rows: Sequence[Row], colours: Palette = LIGHT, *, title: str = "Posts", unit: str = "Posts"
) -> Spec:
    """Draw amounts by name in the order of the rows, which have `name`, `amount`, `shown`."""
    base = {
        "y": _names(),
        "x": {
            "field": "amount",
            "type": "quantitative",
            "title": None,
            "axis": None,
            # Leave room for the figure beside the longest bar.
            "scale": {"domainMax": max((row["amount"] for row in rows), default=1) * 1.55 or 1},
        },
        "tooltip": [_tip("name", title), _tip("amount", unit, ",")],
    }
    return _chart(
        rows,
        colours,
        height=_ROW_HEIGHT * max(1, len(rows)),
        encoding=base,
        layer=[
            {"mark": {"type": "bar", "color": colours.accent, "cornerRadiusEnd": 2, "height": 16}},
            {
                "mark": {
                    "type": "text",
                    "align": "left",
                    "color": colours.text,
                    "dx": 6,
                    "fontSize": 12,
                },
                "encoding": {"text": {"field": "shown"}},
            },
        ],
    )


def net_by_name(rows: Sequence[Row], colours: Palette = LIGHT, *, title: str = "Platform") -> Spec:
    """Draw net sentiment on both sides of zero, from rows of `name`, `net`, `shown`."""
    values = [0.0, *(row["net"] for row in rows)]
    room = (max(values) - min(values)) * 0.3 or 1.0  # for the figures beside the bars
    lowest = min(values) - (room if min(values) < 0 else 0)
    labels = colours.labels
    return _chart(
        rows,
        colours,
        height=_ROW_HEIGHT * max(1, len(rows)),
        encoding={
            "y": _names(),
            "x": {
                "field": "net",
                "type": "quantitative",
                "title": None,
                "axis": None,
                "scale": {"domain": [lowest, max(values) + room], "nice": False},
            },
            "tooltip": [_tip("name", title), _tip("shown", "Net sentiment")],
        },
        layer=[
            {
                "mark": {"type": "bar", "cornerRadiusEnd": 2, "height": 16},
                "encoding": {
                    "color": {
                        "condition": {"test": "datum.net < 0", "value": labels["negative"]},
                        "value": labels["positive"],
                    }
                },
            },
            _written(colours, "datum.net >= 0", align="left", dx=6),
            _written(colours, "datum.net < 0", align="right", dx=-6),
            {
                "mark": {"type": "rule", "aria": False, "color": colours.muted},
                "encoding": {"x": {"datum": 0}, "y": {"value": 0}, "y2": {"value": "height"}},
            },
        ],
    )


def _written(colours: Palette, test: str, *, align: str, dx: int) -> Spec:
    mark = {"type": "text", "align": align, "color": colours.text, "dx": dx, "fontSize": 12}
    return {
        "transform": [{"filter": test}],
        "mark": mark,
        "encoding": {"text": {"field": "shown"}},
    }


def for_file(spec: Spec, title: str, as_of: str, *, width: int = 900) -> Spec:
    """Return a chart for a file: on white, with its title and the time of its data."""
    return spec | {
        "background": "white",
        "padding": 16,
        "title": {"anchor": "start", "fontSize": 16, "subtitle": as_of, "text": title},
        "width": width,
    }


def _chart(rows: Sequence[Row], colours: Palette, **parts: Any) -> Spec:
    return {
        "$schema": _SCHEMA,
        "config": chart_config(colours),
        "data": {"values": [dict(row) for row in rows]},
        "width": "container",
        **parts,
    }


def _time(step: str) -> Spec:
    if step == "hour":
        return {
            "field": "at",
            "type": "temporal",
            "timeUnit": {"unit": "utcyearmonthdatehours", "binned": True},
            "title": None,
            "axis": {"labelExpr": _HOURS, "labelOverlap": True, "tickCount": 8},
        }
    # An ordinal axis centres a label below its bar. The rows have every step, so there is no gap.
    return {
        "field": "at",
        "type": "ordinal",
        "title": None,
        "scale": {"paddingInner": 0.14, "paddingOuter": 0.1},
        "axis": {"labelAngle": 0, "labelExpr": _DAYS, "labelOverlap": "greedy"},
    }


def _names() -> Spec:
    return {
        "field": "name",
        "type": "nominal",
        "sort": None,
        "title": None,
        "axis": {"labelLimit": 160},
    }


def _number(field: str, title: str, *, signed: bool = False) -> Spec:
    axis: Spec = {"format": ",.0f", "tickCount": 5, "tickMinStep": 1}
    if signed:
        axis |= {"labelExpr": "(datum.value > 0 ? '+' : '') + datum.label"}
    return {"field": field, "type": "quantitative", "title": title, "axis": axis}


def _tip(field: str, title: str, format_: str = "") -> Spec:
    tip = {"field": field, "title": title}
    if format_:
        return tip | {"type": "quantitative", "format": format_}
    return tip | {"type": "nominal"}


def _label_colour(colours: Palette, names: Sequence[str]) -> Spec:
    return {
        "field": "label",
        "type": "nominal",
        "scale": {"domain": list(names), "range": [colours.labels[name] for name in names]},
        "legend": {
            "labelExpr": "{"
            + ", ".join(f"'{name}': '{SIGNS[name]} {name}'" for name in names)
            + "}[datum.label]"
        },
    }


def _zero(colours: Palette, axis: str) -> Spec:
    return {
        "mark": {"type": "rule", "aria": False, "color": colours.muted},
        "encoding": {axis: {"datum": 0}},
    }
