"""Draw the figures as small SVG pictures, always with the same bytes for the same figures."""

from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("svg")
from matplotlib import pyplot as plt

_STYLE = {
    "svg.hashsalt": "echostream",
    "svg.fonttype": "none",
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
}
_OURS = "#1f6f8b"
_OTHERS = "#b0b7bf"
_HOPS = {
    "topic_to_bronze": "Kafka → Bronze",
    "bronze_to_silver": "Bronze → Silver",
    "silver_to_gold": "Silver → Gold",
}


def draw(figures: dict[str, Any], folder: Path) -> dict[str, str]:
    """Draw a picture for each measured part. Return the titles by file name."""
    folder.mkdir(parents=True, exist_ok=True)
    makers = {
        "ours": ("throughput.svg", "CPU time per post: copy, ours by hop, naive", _throughput),
        "steps": ("steps.svg", "CPU time per post in the Python pass, by step", _steps),
        "growth": ("growth.svg", "Seconds per batch while one day grows", _growth),
        "latency": ("latency.svg", "Seconds from sight to Gold", _latency),
    }
    shown = {}
    with plt.rc_context(_STYLE):
        for needed, (name, text, maker) in makers.items():
            if needed in figures:
                figure, axes = plt.subplots(figsize=(6.4, 2.8), layout="constrained")
                maker(axes, figures)
                axes.set_title(text, loc="left")
                figure.savefig(folder / name, metadata={"Date": None})
                plt.close(figure)
                shown[name] = text
    return shown


def _throughput(axes: Any, figures: dict[str, Any]) -> None:
    copy = figures["copy"]["cpu_us_per_post"]
    naive = figures["naive"]["cpu_us_per_post"]
    axes.barh(["naive", "copy"], [naive, copy], color=_OTHERS)
    left = 0.0
    for shade, (name, hop) in zip((0.45, 0.7, 1.0), figures["ours"]["hops"].items(), strict=True):
        width = hop["cpu_us_per_post"]
        axes.barh(["ours"], [width], left=left, color=_OURS, alpha=shade, label=_HOPS[name])
        left += width
    for name, total in (("naive", naive), ("copy", copy), ("ours", left)):
        axes.text(total, name, f" {total:,.0f}", va="center")
    axes.set_xlabel("µs of CPU time per post")
    axes.legend(frameon=False)


def _steps(axes: Any, figures: dict[str, Any]) -> None:
    steps = figures["steps"]
    bars = {name: us for name, us in steps["us_per_post"].items() if not name.startswith("all")}
    others = steps["libraries_us_per_text"]
    names = [*others, *bars][::-1]
    values = [(others | bars)[name] for name in names]
    axes.barh(names, values, color=[_OTHERS if name in others else _OURS for name in names])
    for name, value in zip(names, values, strict=True):
        axes.text(value, name, f" {value:,.0f}", va="center")
    axes.set_xlabel("µs of CPU time per post; grey: the libraries, per text")


def _growth(axes: Any, figures: dict[str, Any]) -> None:
    sizes = figures["growth"]["sizes"]
    rows = [size["rows"] for size in sizes]
    for hop, style in (("bronze_to_silver", "o-"), ("silver_to_gold", "s--")):
        axes.plot(rows, [size[hop] for size in sizes], style, color=_OURS, label=_HOPS[hop])
    axes.set_xscale("log")
    axes.set_ylim(bottom=0)
    axes.set_xlabel("rows in the day")
    axes.set_ylabel("s per batch")
    axes.legend(frameon=False)


def _latency(axes: Any, figures: dict[str, Any]) -> None:
    latency = figures["latency"]
    kinds = [kind for kind in ("delete", "edit", "new") if latency[kind]["count"]]
    for name, alpha in (("max_s", 0.35), ("p95_s", 0.65), ("p50_s", 1.0)):
        axes.barh(
            kinds,
            [latency[kind][name] for kind in kinds],
            color=_OURS,
            alpha=alpha,
            label=name[:-2],
        )
    axes.set_xlabel(f"seconds, at {latency['posts_per_s']} posts/s for {latency['seconds']:.0f} s")
    axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
