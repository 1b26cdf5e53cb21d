"""Fit the probability that a label is right, for each scorer that has no probabilities.

    python -m benchmarks.fit_calibration

The fit is a multinomial logistic regression of the true class on five features of the compound
score (15 numbers per scorer). The data are tweets (TweetEval validation) and Reddit comments
(GoEmotions train), both with the same total weight. The script prints the calibration error on
unseen sets. It also prints the error on each source after a fit on the other one, which shows the
cost of other class shares. `mixed` is the share of texts labelled mixed that have emotions of both
poles in GoEmotions train.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.sentiment_figures import Codes, Floats, classes_of
from benchmarks.sentiment_sets import LabelledSet, goemotions, tweeteval
from transforms.scoring.calibration import SHIPPED, Calibrated, Fit, is_mixed
from transforms.scoring.fitting import by_compound, calibration_error
from transforms.scoring.registry import SCORERS
from transforms.scoring.score import HasFigures, Scorer, ScorerOptions

NAMES = ("vader", "vader-plus", "textblob")


def fit(scorer: Scorer, sources: Sequence[LabelledSet], mixed: float | None) -> Fit:
    """Return the fit on these sources, each with the same total weight."""
    compounds: list[float] = []
    golds: list[str] = []
    weights = []
    for source in sources:
        compounds += [score.compound or 0.0 for score in scorer.score(source.texts)]
        golds += source.labels
        weights.append(np.full(len(source.texts), 1 / len(source.texts)))
    weight = np.concatenate(weights) * len(golds) / len(sources)
    names = " and ".join(source.name for source in sources)
    return Fit("compound", by_compound(compounds, golds, weight), scorer.version, names, mixed)


def error_on(scorer: Scorer, fitted: Fit, labelled: LabelledSet) -> float:
    """Return the calibration error of a fit on a labelled set, between 0 and 1."""
    scores = Calibrated(scorer, fitted).score(labelled.texts)
    confidences: Floats = np.array([score.confidence for score in scores], np.float64)
    guesses: Codes = classes_of([score.label for score in scores])
    return calibration_error(confidences, guesses == classes_of(labelled.labels))


def share_of_mixed(scorer: Scorer) -> float | None:
    """Return the share of labels `mixed` that are right; None if it has no `mixed`."""
    if not isinstance(scorer, HasFigures):
        return None
    labelled = goemotions("train", mixed=True)
    answers = np.array([is_mixed(figures) for figures in scorer.figures_of(labelled.texts)])
    return round(float((np.array(labelled.labels)[answers] == "mixed").mean()), 4)


def main() -> None:
    """Fit each scorer, print the calibration errors and write the fits."""
    tweets = tweeteval()
    comments = goemotions("train")
    for name in NAMES:
        scorer = SCORERS[name](ScorerOptions(name))
        fitted = fit(scorer, (tweets, comments), share_of_mixed(scorer))
        errors = {
            unseen.name: error_on(scorer, fitted, unseen)
            for unseen in (goemotions("dev"), goemotions("test"))
        }
        for seen, unseen in ((tweets, comments), (comments, tweets)):
            errors[f"{unseen.name}, by {seen.name} alone"] = error_on(
                scorer, fit(scorer, (seen,), None), unseen
            )
        sys.stdout.write(f"{name}: mixed is right {fitted.mixed}; calibration errors {errors}\n")
        stored = {
            "by": fitted.by,
            "scorer_version": fitted.scorer_version,
            "fitted_on": fitted.fitted_on,
            "mixed": fitted.mixed,
            "weights": fitted.weights,
            "calibration_errors": errors,
            "made_by": "benchmarks/fit_calibration.py",
        }
        folder = Path(str(SHIPPED))
        folder.mkdir(exist_ok=True)
        (folder / f"{name}.json").write_text(json.dumps(stored, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
