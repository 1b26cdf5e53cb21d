"""Turn the API's cells into rows of charts and of the tables below them."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from dashboard import periods
from dashboard.figures import Totals, count, percent, points, totals_by
from dashboard.parts import Column
from dashboard.periods import STEPS, Period

Cell = Mapping[str, Any]
Row = dict[str, Any]
CHART_LABELS = ("positive", "neutral", "mixed", "negative")

TOTALS_COLUMNS = (
    Column("Posts", "posts", is_number=True),
    Column("Positive", "positive", is_number=True),
    Column("Neutral", "neutral", is_number=True),
    Column("Negative", "negative", is_number=True),
    Column("Mixed", "mixed", is_number=True),
    Column("No label", "unscored", is_number=True),
    Column("Net sentiment", "net", is_number=True),
)
TIME_COLUMNS = (Column("Time (UTC)", "name"), *TOTALS_COLUMNS)


def by_step(cells: Iterable[Cell], period: Period, step: str) -> dict[datetime, Totals]:
    """Add cells up by step. A step without posts has zeros."""
    sums = totals_by(cells, lambda cell: periods.read(cell["at"]))
    length = STEPS[step]
    at = min(sums, default=period.start)
    last = max(sums, default=at)
    while at <= last:
        sums.setdefault(at, Totals())
        at += length
    return dict(sorted(sums.items()))


def by_name(cells: Iterable[Cell], key: str) -> dict[str, Totals]:
    """Add cells up by platform or channel, the one with most posts first."""
    sums = totals_by((cell for cell in cells if cell.get(key)), lambda cell: cell[key])
    return dict(sorted(sums.items(), key=lambda item: (-item[1].posts, item[0])))


def timed(steps: Mapping[datetime, Totals], step: str) -> list[tuple[Row, Totals]]:
    """Return a row with time and name for each step, together with its sums."""
    return [
        (
            {
                "at": periods.written(at),
                "name": periods.cell_name(at, step),
            },
            sums,
        )
        for at, sums in steps.items()
    ]


def volume(steps: Mapping[datetime, Totals], step: str, label: str = "") -> list[Row]:
    """Return the number of posts per step, or of posts with one label."""
    return [
        row | {"posts": getattr(sums, label) if label else sums.posts}
        for row, sums in timed(steps, step)
    ]


def diverging(steps: Mapping[datetime, Totals], step: str) -> list[Row]:
    """Return shares of positive posts, and of negative posts as negative numbers."""
    rows = []
    for row, sums in timed(steps, step):
        for label, side in (("positive", 1), ("negative", -1)):
            share = sums.share(label)
            if share is not None:
                rows.append(
                    row
                    | {
                        "label": label,
                        "share": side * share,
                        "shown": percent(share),
                        "posts": getattr(sums, label),
                    }
                )
    return rows


def shares(steps: Mapping[datetime, Totals], step: str) -> list[Row]:
    """Return the number of posts per step and label."""
    return [
        row
        | {
            "label": label,
            "posts": getattr(sums, label),
            "shown": percent(sums.share(label)),
        }
        for row, sums in timed(steps, step)
        if sums.scored
        for label in CHART_LABELS
    ]


def net(steps: Mapping[datetime, Totals], step: str) -> list[Row]:
    """Return net sentiment per step in points; None if too few posts have a label."""
    return [
        row | {"net": None if sums.net is None else round(sums.net * 100, 1)}
        for row, sums in timed(steps, step)
    ]


def amounts(names: Mapping[str, Totals]) -> list[Row]:
    """Return the number of posts by name, with their share of all posts."""
    every = sum(sums.posts for sums in names.values())
    return [
        {
            "name": name,
            "amount": sums.posts,
            "shown": f"{count(sums.posts)} · {percent(sums.posts / every if every else None)}",
        }
        for name, sums in names.items()
    ]


def net_of_names(names: Mapping[str, Totals]) -> list[Row]:
    """Return net sentiment by name, without names with too few labelled posts."""
    return [
        {"name": name, "net": sums.net, "shown": points(sums.net)}
        for name, sums in names.items()
        if sums.net is not None
    ]


def time_table(steps: Mapping[datetime, Totals], step: str) -> list[dict[str, str]]:
    """Return the table below a chart over time, the newest step first."""
    return [{"name": row["name"]} | _written(sums) for row, sums in reversed(timed(steps, step))]


def name_table(names: Mapping[str, Totals]) -> list[dict[str, str]]:
    """Return the table below a chart by name."""
    return [{"name": name} | _written(sums) for name, sums in names.items()]


def _written(sums: Totals) -> dict[str, str]:
    return {
        "posts": count(sums.posts),
        "positive": count(sums.positive),
        "neutral": count(sums.neutral),
        "negative": count(sums.negative),
        "mixed": count(sums.mixed),
        "unscored": count(sums.unscored),
        "net": points(sums.net),
    }


def peak(steps: Mapping[datetime, Totals], step: str, label: str = "") -> str:
    """Say which step has the most posts, or the most posts with one label."""
    counted = [(row["name"], row["posts"]) for row in volume(steps, step, label)]
    if not counted:
        return ""
    name, posts = max(counted, key=lambda pair: pair[1])
    return f"Most posts: {count(posts)}, {name}." if posts else ""
