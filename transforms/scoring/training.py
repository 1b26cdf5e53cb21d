"""Train a linear model, and measure it on texts that it has not seen.

It needs scikit-learn (the extra `train`), and all texts in memory. A few thousand texts take
seconds, 44,000 a minute.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foundation.errors import EchoStreamError, UsageError
from transforms.scoring.calibration import Fit
from transforms.scoring.fitting import by_probability, calibration_error, log_odds
from transforms.scoring.linear import CLASSES, LinearModel
from transforms.scoring.ngrams import BUCKETS, LEXICON_FEATURES, Hasher
from transforms.scoring.registry import load_scorer
from transforms.scoring.score import ScorerOptions

FEWEST_PER_CLASS = 10
_FOLDS = 3
# Inverse strength of regularisation: the best of 0.3, 1 and 3 on tweets, trained on Reddit only.
_STRENGTH = 0.3
_FEWEST_TEXTS = 2  # in which a word must occur
_SEED = 20261121

Codes = NDArray[np.int64]
Floats = NDArray[np.float64]
Matrix = Any  # scipy's sparse matrix, which has no types


class TrainingError(EchoStreamError):
    """Raised when a model cannot be trained."""


@dataclass(frozen=True)
class Trained:
    """A model and its card's facts; the figures are from folds that the model had not seen."""

    model: LinearModel
    about: dict[str, Any]

    def save(self, folder: Path) -> None:
        """Write the model, and its card, into a folder.

        Raises:
            TrainingError: the folder cannot be written.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self.model.save(folder, self.about)
            (folder / "CARD.md").write_text(card(self), "utf-8")
        except OSError as error:
            raise TrainingError(
                f"cannot write {folder} ({error.strerror})", remedy="Name another with --out"
            ) from None


def train(
    texts: Sequence[str],
    labels: Sequence[str],
    *,
    source: str,
    language: str = "en",
    progress: Callable[[str], None] = lambda _: None,
) -> Trained:
    """Train on all texts, after measuring and calibrating by cross-validation.

    Args:
        texts: texts in one language; the lexicon features help only in English.
        labels: one label per text: negative, neutral or positive.
        source: a description of the texts, for the card.
        language: ISO 639-1 code of the texts.
        progress: called with the name of each step.

    Raises:
        UsageError: a class has too few texts, or scikit-learn is not installed.
    """
    counts = Counter(labels)
    if few := [label for label in CLASSES if counts[label] < FEWEST_PER_CLASS]:
        raise UsageError(
            f"{counts[few[0]]} texts are labelled {few[0]}",
            remedy=f"Label at least {FEWEST_PER_CLASS} texts of each class",
        )
    try:
        from sklearn.model_selection import StratifiedKFold  # noqa: PLC0415  # an extra
    except ImportError:
        raise UsageError(
            "training needs scikit-learn", remedy="pip install 'echostream[train]'"
        ) from None
    progress("features")
    hasher = Hasher()
    rows = feature_matrix(hasher, texts)
    gold = np.array([CLASSES.index(label) for label in labels])
    shares = np.zeros((len(gold), len(CLASSES)))
    folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=_SEED)
    for number, (seen, unseen) in enumerate(folds.split(rows, gold), start=1):
        progress(f"fold {number} of {_FOLDS}")
        shares[unseen] = FittedClasses(rows[seen], gold[seen]).shares(rows[unseen])
    progress("all rows")
    model = FittedClasses(rows, gold).model(hasher.version)
    best = shares.max(axis=1)
    right = shares.argmax(axis=1) == gold
    fit = Fit(
        "confidence",
        by_probability(log_odds(best), right),
        model.version,
        f"{_FOLDS} folds of {source}",
    )
    progress("VADER's figures")
    plain = [score.label for score in load_scorer(ScorerOptions("vader")).score(texts)]
    about = {
        "source": source,
        "rows": {label: counts[label] for label in CLASSES},
        "made_with": f"scikit-learn {installed_version('scikit-learn')}, C={_STRENGTH}, balanced"
        f" classes",
        "unseen_folds": _figures(gold, shares.argmax(axis=1))
        | {"ece": calibration_error(_confidences(best, fit), right)},
        "vader_on_the_same_rows": _figures(
            gold, np.array([CLASSES.index(label or "neutral") for label in plain])
        ),
    }
    return Trained(replace(model, fit=fit, language=language), about)


def feature_matrix(hasher: Hasher, texts: Sequence[str]) -> Matrix:
    """Return texts x (buckets, lexicon features), weighted as in `LinearModel.probabilities`."""
    from scipy import sparse  # noqa: PLC0415  # comes with scikit-learn

    features = hasher.features(texts)
    counts = np.bincount(features.owners, minlength=len(texts))
    scale = (1 / np.sqrt(np.maximum(1, counts)))[features.owners]
    words = sparse.csr_matrix(
        (scale, (features.owners, features.buckets)), shape=(len(texts), BUCKETS)
    )
    return sparse.hstack([words, sparse.csr_matrix(features.lexicon)]).tocsr()


class FittedClasses:
    """A logistic regression on the columns that enough texts have."""

    def __init__(self, rows: Matrix, gold: Codes) -> None:
        from sklearn.linear_model import LogisticRegression  # noqa: PLC0415  # an extra

        seen = np.bincount(rows.indices, minlength=rows.shape[1])
        seen[BUCKETS:] = _FEWEST_TEXTS
        self.columns = np.flatnonzero(seen >= _FEWEST_TEXTS)
        self.regression = LogisticRegression(
            C=_STRENGTH, class_weight="balanced", tol=1e-3, max_iter=500
        )
        self.regression.fit(rows[:, self.columns], gold)

    def shares(self, rows: Matrix) -> Floats:
        """Return the probabilities, texts x classes."""
        shares: Floats = self.regression.predict_proba(rows[:, self.columns])
        return shares

    def model(self, features: str) -> LinearModel:
        """Return the weights of all columns as a model; `features` is the features' version."""
        weights = np.zeros((BUCKETS + len(LEXICON_FEATURES), len(CLASSES)))
        weights[self.columns] = self.regression.coef_.T
        intercepts = self.regression.intercept_.astype(np.float64)
        return LinearModel(
            weights[:BUCKETS].astype(np.float16), weights[BUCKETS:], intercepts, features
        )


def _confidences(best: Floats, fit: Fit) -> Floats:
    shift, slope = fit.weights[0]
    sure: Floats = 1 / (1 + np.exp(-(shift + slope * log_odds(best))))
    return sure


def _figures(gold: Codes, guesses: Codes) -> dict[str, Any]:
    from sklearn.metrics import (  # noqa: PLC0415  # an extra
        accuracy_score,
        confusion_matrix,
        f1_score,
        precision_score,
        recall_score,
    )

    def per_class(measure: Callable[..., Any]) -> dict[str, float]:
        values = measure(gold, guesses, average=None, labels=[0, 1, 2], zero_division=0)
        return {label: round(float(value), 4) for label, value in zip(CLASSES, values, strict=True)}

    return {
        "accuracy": round(float(accuracy_score(gold, guesses)), 4),
        "macro_f1": round(float(f1_score(gold, guesses, average="macro")), 4),
        "macro_recall": round(float(recall_score(gold, guesses, average="macro")), 4),
        "precision": per_class(precision_score),
        "recall": per_class(recall_score),
        "confusion": confusion_matrix(gold, guesses, labels=[0, 1, 2]).tolist(),
    }


def card(trained: Trained) -> str:
    """Return the model card, in Markdown."""
    about = trained.about
    ours = about["unseen_folds"]
    vader = about["vader_on_the_same_rows"]
    rows = "\n".join(
        f"| {name} | {ours[key]:.3f} | {vader[key]:.3f} |"
        for name, key in (
            ("accuracy", "accuracy"),
            ("macro-F1", "macro_f1"),
            ("macro-recall", "macro_recall"),
        )
    )
    classes = "\n".join(
        f"| {label} | {about['rows'][label]:,} | {ours['precision'][label]:.3f} |"
        f" {ours['recall'][label]:.3f} |"
        for label in CLASSES
    )
    return f"""# Linear sentiment model {trained.model.version}

Trained on {sum(about["rows"].values()):,} texts: {about["source"]}. Classes: \
negative, neutral, positive.
Language: {trained.model.language}.
Features: hashed words and pairs of words, VADER's figures (`{trained.model.features}`).
Made with {about["made_with"]}.

Figures are of texts that the measured models had not seen ({_FOLDS} folds of the same source). \
Texts of another origin
are scored less well: measure on your own.

| | this model | VADER |
|---|---|---|
{rows}

Calibration error of `confidence` (ECE): {ours["ece"]:.3f}.

| class | rows | precision | recall |
|---|---|---|---|
{classes}

The classes weigh alike in training, whatever their shares; `confidence` is calibrated to the \
shares of the source, and
misleads where they are others. The model holds hashed words' weights, no text.
"""
