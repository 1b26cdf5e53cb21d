"""Fit a scorer's confidence to labelled texts, for one version of the scorer.

It needs scikit-learn (the extra `train`). A fit has 2 or 15 numbers, so a few hundred texts are
enough.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foundation.errors import UsageError
from transforms.scoring.calibration import Fit, compound_features
from transforms.scoring.score import Score, Scorer

FEWEST = 20  # texts of each class, or of right and of wrong labels
CLASSES = ("negative", "neutral", "positive")
_FOLDS = 5
_SEED = 20261121
_EDGE = 1e-6

Floats = NDArray[np.float64]
Right = NDArray[np.bool_]
Weights = tuple[tuple[float, ...], ...]  # rows of weights, as in `Fit`
_UNCHANGED: Weights = ((0.0, 1.0),)  # of log-odds: no shift, and a slope of one


@dataclass(frozen=True)
class Fitted:
    """A fit, and its calibration error (ECE) on folds that it had not seen."""

    fit: Fit
    texts: int
    error: float
    uncalibrated: float | None  # the error of the scorer's own probabilities; None without any

    @property
    def stored(self) -> dict[str, Any]:
        """Return the fit as it is stored in a file, which `Fit.of` reads."""
        fit = self.fit
        return {
            "by": fit.by,
            "scorer_version": fit.scorer_version,
            "fitted_on": fit.fitted_on,
            "mixed": fit.mixed,
            "weights": fit.weights,
            "texts": self.texts,
            "calibration_error_on_unseen_folds": self.error,
        }


def fit_confidence(
    scorer: Scorer, texts: Sequence[str], labels: Sequence[str], *, source: str
) -> Fitted:
    """Fit on all texts that get a label, after measuring the error by cross-validation.

    Args:
        scorer: the scorer, not calibrated.
        texts: texts like those to be scored: of the same platforms, with similar shares of classes.
        labels: one label per text: negative, neutral, positive or mixed.
        source: a description of the texts, for people.

    Raises:
        UsageError: there are too few texts, or scikit-learn is not installed.
    """
    try:
        from sklearn.model_selection import KFold  # noqa: PLC0415  # an extra
    except ImportError:
        raise UsageError(
            "calibrating needs scikit-learn", remedy="pip install 'echostream[train]'"
        ) from None
    answers = scorer.score(texts)
    has_label = [score.label is not None for score in answers]
    scores = list(compress(answers, has_label))
    golds = list(compress(labels, has_label))
    _refuse_few(scores, golds)
    right: Right = np.array(
        [score.label == gold for score, gold in zip(scores, golds, strict=True)]
    )
    confidences = np.zeros(len(scores))
    for seen, unseen in KFold(_FOLDS, shuffle=True, random_state=_SEED).split(confidences):
        fit = _fit([scores[at] for at in seen], [golds[at] for at in seen], scorer.version, source)
        confidences[unseen] = [fit.confidence(scores[at]) or 0.0 for at in unseen]
    own = np.array([score.confidence or 0.0 for score in scores]) if _has_own(scores) else None
    return Fitted(
        fit=_fit(scores, golds, scorer.version, source),
        texts=len(scores),
        error=calibration_error(confidences, right),
        uncalibrated=None if own is None else calibration_error(own, right),
    )


def by_probability(odds: Floats, right: Right) -> Weights:
    """Fit P(right) from the log-odds of the scorer's own probability of its label.

    Where all labels are right, or none is, nothing tells more than that probability.
    """
    if right.all() or not right.any():
        return _UNCHANGED
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415  # an extra

    platt = LogisticRegression(C=1e6).fit(odds[:, None], right)
    return ((round(float(platt.intercept_[0]), 6), round(float(platt.coef_[0][0]), 6)),)


def by_compound(
    compounds: Sequence[float], golds: Sequence[str], shares: Floats | None = None
) -> Weights:
    """Fit P(class) from the compound; `shares` are the weights of the texts."""
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415  # an extra

    # The first feature is 1, which stands for the intercept.
    regression = LogisticRegression(C=1e3, max_iter=2_000, fit_intercept=False)
    features = np.array([compound_features(compound) for compound in compounds])
    regression.fit(features, [CLASSES.index(gold) for gold in golds], sample_weight=shares)
    return tuple(tuple(round(float(value), 4) for value in row) for row in regression.coef_)


def log_odds(probabilities: Floats) -> Floats:
    """Return the log-odds of probabilities, which are clipped away from 0 and 1."""
    inside = np.clip(probabilities, _EDGE, 1 - _EDGE)
    odds: Floats = np.log(inside / (1 - inside))
    return odds


def calibration_error(confidences: Floats, right: Right, bins: int = 10) -> float:
    """Return the expected calibration error (ECE) over bins of equal width."""
    places = np.minimum((confidences * bins).astype(np.int64), bins - 1)
    gaps = np.bincount(places, confidences, bins) - np.bincount(places, right.astype(float), bins)
    return round(float(np.abs(gaps).sum() / len(confidences)), 4)


def _fit(scores: Sequence[Score], golds: Sequence[str], version: str, source: str) -> Fit:
    """Fit by the scorer's own probabilities if it has them, else by its compounds."""
    is_mixed = [score.label == "mixed" for score in scores]
    mixed_golds = list(compress(golds, is_mixed))
    # Without texts labelled mixed, the data cannot show how often mixed is right.
    mixed = (
        mixed_golds.count("mixed") / len(mixed_golds) if mixed_golds and "mixed" in golds else None
    )
    single = [
        (score, gold) for score, gold in zip(scores, golds, strict=True) if score.label != "mixed"
    ]
    if _has_own(scores):
        odds = log_odds(np.array([score.confidence for score, _ in single], np.float64))
        right: Right = np.array([score.label == gold for score, gold in single])
        return Fit("confidence", by_probability(odds, right), version, source, mixed)
    known = [(score.compound or 0.0, gold) for score, gold in single if gold in CLASSES]
    weights = by_compound([compound for compound, _ in known], [gold for _, gold in known])
    return Fit("compound", weights, version, source, mixed)


def _has_own(scores: Sequence[Score]) -> bool:
    return any(score.confidence is not None for score in scores)


def _refuse_few(scores: Sequence[Score], golds: Sequence[str]) -> None:
    if _has_own(scores):
        kinds: tuple[str, ...] = ("right", "wrong")
        counts = Counter(
            kinds[score.label != gold] for score, gold in zip(scores, golds, strict=True)
        )
    else:
        kinds = CLASSES
        counts = Counter(golds)
    if few := [kind for kind in kinds if counts[kind] < FEWEST]:
        raise UsageError(
            f"{counts[few[0]]} of the texts that get a label are {few[0]}",
            remedy=f"Label at least {FEWEST} of each of {', '.join(kinds)}; a few hundred texts are"
            " better",
        )
