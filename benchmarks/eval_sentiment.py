"""Write the scorecard: every scorer that works offline, on every labelled set of ../shared/data.

    python -m benchmarks.eval_sentiment      # make eval-sentiment

The script prints a table. It writes sentiment_scorecard.json beside this file, the tables in
docs/evidence/sentiment.md, and the picture. It never prints or writes a text. Comprehend costs
money and transformers need a model, so both are left out.
"""

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from benchmarks import obsei_mapping
from benchmarks.sentiment_figures import classes_of, figures
from benchmarks.sentiment_report import write_report
from benchmarks.sentiment_sets import DATA, LabelledSet, all_sets
from benchmarks.sentiment_weaknesses import weaknesses
from transforms.scoring.registry import load_scorer
from transforms.scoring.score import Score, ScorerOptions

# The file is in the repository, because `make test` compares with it.
RESULT = Path(__file__).with_name("sentiment_scorecard.json")
OBSEI = "obsei's mapping"
SCORERS = ("vader", "vader-plus", "textblob", "linear")
PART_STEP = 7  # `make test` scores every seventh row
_RUNS = 3
_INNERMOST = re.compile(r"[\[{][^\[\]{}]*[\]}]")  # lists and objects without nested ones

Scoring = Callable[[Sequence[str]], Sequence[Score]]


def scorings() -> dict[str, Scoring]:
    """Return the scoring function of each scorer, by name."""
    loaded: dict[str, Scoring] = {name: load_scorer(ScorerOptions(name)).score for name in SCORERS}
    vader = loaded["vader"]

    def as_obsei_reads(texts: Sequence[str]) -> list[Score]:
        return [
            Score(obsei_mapping.label(score.compound or 0.0), score.compound, None)  # type: ignore[arg-type]  # its words are labels
            for score in vader(texts)
        ]

    return loaded | {OBSEI: as_obsei_reads}


def evaluate(score: Scoring, labelled: LabelledSet) -> dict[str, Any]:
    """Return a scorer's figures on a labelled set."""
    scores = score(labelled.texts)
    figures_by_set = figures(
        classes_of(labelled.labels),
        classes_of([scored.label for scored in scores]),
        _confidences(scores),
    )
    if labelled.intensities:
        compounds = [scored.compound or 0.0 for scored in scores]
        figures_by_set["pearson_r"] = round(
            float(np.corrcoef(compounds, labelled.intensities)[0, 1]), 4
        )
    return figures_by_set


def _confidences(scores: Sequence[Score]) -> np.ndarray[Any, np.dtype[np.float64]] | None:
    values = [score.confidence for score in scores]
    return None if None in values else np.array(values, np.float64)


def texts_per_s(score: Scoring, texts: Sequence[str]) -> int:
    """Return texts per second of CPU time: the median of runs, after other texts filled caches."""
    other = texts[::2]
    mine = texts[1::2]
    score(other)
    runs = []
    for _ in range(_RUNS):
        start = time.process_time()
        score(mine)
        runs.append(len(mine) / (time.process_time() - start))
    return round(median(runs))


def pooled(score: Scoring, sets: Sequence[LabelledSet]) -> dict[str, Any]:
    """Return a scorer's figures on several sets together, for example of one platform."""
    gold = classes_of([label for labelled in sets for label in labelled.labels])
    guesses = classes_of([scored.label for labelled in sets for scored in score(labelled.texts)])
    return figures(gold, guesses)


def evaluate_all() -> dict[str, Any]:
    """Return all figures of the scorecard."""
    sets = all_sets()
    code = subprocess.run(
        ["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=False
    )
    result: dict[str, Any] = {"code": code.stdout.strip(), "scorers": {}}
    for name, score in scorings().items():
        measured: dict[str, Any] = {
            "version": "" if name == OBSEI else load_scorer(ScorerOptions(name)).version
        }
        measured["sets"] = {
            labelled.name: evaluate(score, labelled)
            | {"texts_per_s": texts_per_s(score, labelled.texts)}
            for labelled in sets
        }
        measured["parts"] = {
            labelled.name: evaluate(score, labelled.part(PART_STEP)) for labelled in sets
        }
        for key in ("platform", "language"):
            values = sorted({str(getattr(labelled, key)) for labelled in sets})
            measured[f"by_{key}"] = {
                value: pooled(
                    score, [labelled for labelled in sets if getattr(labelled, key) == value]
                )
                for value in values
            }
        result["scorers"][name] = measured
    result["weaknesses"] = weaknesses(scorings(), sets)
    return result


def show(result: dict[str, Any]) -> None:
    """Print the table on the terminal."""
    columns = ("accuracy", "macro_f1", "macro_recall", "calibration_error", "texts_per_s")
    sys.stdout.write(
        f"{'':38}{'accuracy':>10}{'macro-F1':>10}{'macro-R':>10}{'ECE':>10}{'texts/s':>10}\n"
    )
    for name, measured in result["scorers"].items():
        for set_name, of_set in measured["sets"].items():
            values = (of_set.get(column) for column in columns)
            cells = ("-" if value is None else f"{value:,}" for value in values)
            row = "".join(f"{cell:>10}" for cell in cells)
            sys.stdout.write(f"{name:16}{set_name:22}{row}\n{_details(of_set)}")
        for key in ("by_platform", "by_language"):
            for value, of in measured[key].items():
                three = f"{of['accuracy']:>10}{of['macro_f1']:>10}{of['macro_recall']:>10}"
                sys.stdout.write(f"{name:16}{f'{key} {value}':22}{three}\n")
    for weakness in result["weaknesses"]:
        rates = ", ".join(f"{name} {rate:.0%}" for name, rate in weakness["rates"].items())
        sys.stdout.write(
            f"{weakness['name']} ({weakness['rows']} texts), {weakness['counted']}: {rates}\n"
        )


def _on_one_line(docstring: re.Match[str]) -> str:
    return " ".join(docstring[0].split())


def _details(of: dict[str, Any]) -> str:
    """Return lines with figures per class, the confusion matrix and the abstention curve.

    The classes are negative, neutral and positive. The rows of the matrix are the true classes, and
    its last column counts texts without a label.
    """
    shares = "   ".join(
        f"{key} {' '.join(f'{value:.2f}' for value in of[key].values())}"
        for key in ("precision", "recall")
    )
    confused = " / ".join(" ".join(map(str, row)) for row in of["confusion"])
    points = of.get("abstention", [])
    curve = "  ".join(
        f"{p['below']:.1f}: {p['coverage']:.2f}, {p['accuracy'] or 0:.2f}" for p in points
    )
    lines = [
        f"{shares}   confusion {confused}",
        *([f"abstain below: share left, accuracy  {curve}"] if curve else []),
    ]
    return "".join(f"{'':16}{line}\n" for line in lines)


def main() -> int:
    """Measure all scorers, print the table and write the files."""
    if not DATA.is_dir():
        sys.stdout.write("eval-sentiment: skipped, because ../shared/data/sentiment is missing\n")
        return 0
    result = evaluate_all()
    show(result)
    RESULT.write_text(_INNERMOST.sub(_on_one_line, json.dumps(result, indent=1)) + "\n", "utf-8")
    write_report(result)
    return 0


if __name__ == "__main__":
    sys.exit(main())
