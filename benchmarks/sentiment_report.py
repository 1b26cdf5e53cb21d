"""Write the scorecard's tables to docs/evidence/sentiment.md, and draw its picture."""

import sys
from pathlib import Path
from typing import Any

from foundation.errors import UsageError

_ROOT = Path(__file__).parents[1]
_PAGE = _ROOT / "docs/evidence/sentiment.md"
_PICTURE = _ROOT / "docs/pictures/sentiment.svg"
_BEGIN = "<!-- sentiment: begin, made by `make eval-sentiment` -->"
_END = "<!-- sentiment: end -->"
_TRAINED_ON = {("linear", "ICWSM tweets"), ("linear", "ICWSM amazon")}
_CURVES = ("TweetEval validation", "GoEmotions test")
_COLOURS = ("#4C72B0", "#55A868", "#C44E52", "#8172B3", "#999999")


def write_report(result: dict[str, Any]) -> None:
    """Write the tables to the page and draw the picture."""
    _between_marks(
        _PAGE, f"{_full_table(result)}\n\n{_abstention_table(result)}\n\n{_weakness_table(result)}"
    )
    _draw(result)


def _between_marks(page: Path, content: str) -> None:
    text = page.read_text("utf-8")
    before, begin, rest = text.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not begin or not end:
        raise UsageError(
            f"{page} has no markers for the scorecard",
            remedy=f"Add the lines {_BEGIN} and {_END}",
        )
    page.write_text(f"{before}{begin}\n{content}\n{end}{after}", "utf-8")


def _full_table(result: dict[str, Any]) -> str:
    head = (
        "| set | scorer | accuracy | macro-F1 | macro-recall | precision neg / neu / pos | recall"
        " neg / neu / pos |"
    )
    lines = [f"{head} ECE | r | texts/s |", "|---" * 10 + "|"]
    for set_name in next(iter(result["scorers"].values()))["sets"]:
        for name, measured in result["scorers"].items():
            of = measured["sets"][set_name]
            precision, recall = (
                " / ".join(f"{of[key][label]:.2f}" for label in of[key])
                for key in ("precision", "recall")
            )
            ece, r = (
                f"{of[key]:.3f}" if key in of else "" for key in ("calibration_error", "pearson_r")
            )
            main = (
                f"{of['accuracy']:.3f} | {of['macro_f1']:.3f} | {of['macro_recall']:.3f} |"
                f" {precision} | {recall}"
            )
            who = f"{name} (trained on it)" if (name, set_name) in _TRAINED_ON else name
            lines.append(f"| {set_name} | {who} | {main} | {ece} | {r} | {of['texts_per_s']:,} |")
    return "\n".join(lines)


def _abstention_table(result: dict[str, Any]) -> str:
    lines = [
        "| abstain below | scorer | tweets: share left, accuracy | Reddit: share left, accuracy |",
        "|---|---|---|---|",
    ]
    for name, measured in result["scorers"].items():
        curves = [measured["sets"][key].get("abstention", []) for key in _CURVES]
        for points in zip(*curves, strict=True):
            cells = " | ".join(
                f"{point['coverage']:.2f}, {point['accuracy']:.3f}"
                if point["accuracy"] is not None
                else "none"
                for point in points
            )
            lines.append(f"| {points[0]['below']:.1f} | {name} | {cells} |")
    return "\n".join(lines)


def _weakness_table(result: dict[str, Any]) -> str:
    lines = ["| weakness | texts | counted | rate |", "|---|---|---|---|"]
    for weakness in result["weaknesses"]:
        rates = ", ".join(f"{name} {rate:.0%}" for name, rate in weakness["rates"].items())
        lines.append(
            f"| {weakness['name']} | {weakness['rows']:,} | {weakness['counted']} | {rates} |"
        )
    return "\n".join(lines)


def _draw(result: dict[str, Any]) -> None:
    """Draw macro-F1 by set and scorer, and accuracy by the share of texts with a label."""
    try:
        import matplotlib as mpl  # noqa: PLC0415  # of the extra `bench`
    except ImportError:
        sys.stdout.write("no picture: matplotlib is missing, install the extra bench\n")
        return
    mpl.use("Agg")
    mpl.rcParams |= {"svg.hashsalt": "echostream", "svg.fonttype": "none"}
    from matplotlib import pyplot as plt  # noqa: PLC0415  # of the extra `bench`

    figure, (bars, curves) = plt.subplots(1, 2, figsize=(12, 4.2), width_ratios=(3, 2))
    names = list(result["scorers"])
    sets = list(result["scorers"][names[0]]["sets"])
    for place, (name, colour) in enumerate(zip(names, _COLOURS, strict=True)):
        measured = result["scorers"][name]["sets"]
        at = [number + (place - 2) * 0.16 for number in range(len(sets))]
        bars.bar(at, [measured[key]["macro_f1"] for key in sets], 0.15, color=colour, label=name)
        points = [
            point
            for point in measured["TweetEval validation"].get("abstention", [])
            if point["accuracy"]
        ]
        if points:
            curves.plot(
                [point["coverage"] for point in points],
                [point["accuracy"] for point in points],
                "o-",
                color=colour,
            )
    bars.set(ylabel="macro-F1", ylim=(0, 1))
    bars.set_xticks(range(len(sets)), [key.replace(" ", "\n", 1) for key in sets])
    bars.legend(ncols=5, fontsize=8, frameon=False)
    curves.set(
        xlabel="share of tweets with a label",
        ylabel="accuracy of these",
        title="abstaining, TweetEval validation",
    )
    for axes in (bars, curves):
        axes.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    _PICTURE.parent.mkdir(exist_ok=True)
    figure.savefig(_PICTURE, metadata={"Date": None})
