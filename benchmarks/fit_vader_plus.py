"""Fit the two thresholds of vader-plus, and measure them on sets that the fit has not seen.

    python -m benchmarks.fit_vader_plus

The fit searches a coarse grid of two thresholds on four sets. A pair is valid if neither macro-F1
nor macro-recall is lower than plain VADER's on any set. The valid pair with the best mean macro-F1
is chosen. As a check, the script leaves out each set in turn and reports the gain on it. The fit
never uses GoEmotions dev and test.
"""

import json
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.sentiment_figures import Codes, classes_of, macro_f1, macro_recall
from benchmarks.sentiment_sets import LabelledSet, goemotions, icwsm, tweeteval
from transforms.scoring.score import DOCUMENTED, Thresholds
from transforms.scoring.vader_plus import FILE, VaderPlusScorer
from transforms.scoring.vader_rules.rules import FastVader

_GRID = [
    Thresholds(round(-0.05 - 0.05 * low, 2), round(0.05 + 0.05 * high, 2))
    for low in range(6)
    for high in range(10)
]


@dataclass(frozen=True)
class Gains:
    """The gains in macro-F1 and macro-recall of each pair of thresholds over plain VADER."""

    name: str
    by_pair: dict[Thresholds, tuple[float, float]]

    @classmethod
    def on(cls, labelled: LabelledSet, plain: FastVader, plus: VaderPlusScorer) -> "Gains":
        gold = classes_of(labelled.labels)
        base = _guesses(plain.compounds(labelled.texts), DOCUMENTED)
        f1 = macro_f1(gold, base)
        recall = macro_recall(gold, base)
        compounds = plus.compounds(labelled.texts)
        guesses = {pair: _guesses(compounds, pair) for pair in _GRID}
        return cls(
            labelled.name,
            {
                pair: (macro_f1(gold, guess) - f1, macro_recall(gold, guess) - recall)
                for pair, guess in guesses.items()
            },
        )


def _guesses(compounds: list[float], pair: Thresholds) -> Codes:
    values = np.array(compounds)
    return np.where(values >= pair.positive, 2, np.where(values <= pair.negative, 0, 1))


def fit(sources: list[Gains]) -> Thresholds:
    """Return the pair with the best mean macro-F1 among those that lose on no source."""
    without_loss = [
        pair
        for pair in _GRID
        if min(gain for source in sources for gain in source.by_pair[pair]) >= 0
    ]
    return max(without_loss, key=lambda pair: sum(source.by_pair[pair][0] for source in sources))


def main() -> None:
    """Print the fit and its checks, and write the thresholds."""
    plain = FastVader()
    plus = VaderPlusScorer(DOCUMENTED)
    sets = (
        tweeteval(),
        goemotions("train"),
        icwsm("tweets"),
        icwsm("amazon"),
        goemotions("dev"),
        goemotions("test"),
    )
    gains = [Gains.on(labelled, plain, plus) for labelled in sets]
    fitted_on = gains[:4]
    for left_out in fitted_on:
        pair = fit([source for source in fitted_on if source is not left_out])
        f1, recall = left_out.by_pair[pair]
        sys.stdout.write(
            f"without {left_out.name:21} {pair}: there macro-F1 {f1:+.4f}, recall {recall:+.4f}\n"
        )
    pair = fit(fitted_on)
    sys.stdout.write(f"with all {pair}\n")
    for source in gains:
        f1, recall = source.by_pair[pair]
        old_f1, old_recall = source.by_pair[DOCUMENTED]
        sys.stdout.write(
            f"  {source.name:21} macro-F1 {f1:+.4f}, recall {recall:+.4f}"
            f" (normalised at ±0.05: {old_f1:+.4f}, {old_recall:+.4f})\n"
        )
    stored = {
        "negative": pair.negative,
        "positive": pair.positive,
        "fitted_on": [source.name for source in fitted_on],
        "made_by": "benchmarks/fit_vader_plus.py",
        "normaliser_and_vader": plus.version.rpartition(".t")[0],
    }
    Path(str(FILE)).write_text(json.dumps(stored, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
