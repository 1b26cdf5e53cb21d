"""Compute the figures of a three-class scorer.

The classes are 0 negative, 1 neutral and 2 positive. A guess of -1 means no label, and is wrong.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.sentiment_sets import LABELS
from transforms.scoring.fitting import calibration_error

ABSTAIN_BELOW = (0.0, 0.4, 0.5, 0.6, 0.7, 0.8)

Codes = NDArray[np.int64]
Floats = NDArray[np.float64]


def classes_of(labels: Sequence[str | None]) -> Codes:
    """Return labels as numbers. None and `mixed` become -1."""
    numbers: dict[str | None, int] = {label: number for number, label in enumerate(LABELS)}
    return np.array([numbers.get(label, -1) for label in labels], np.int64)


def confusion(gold: Codes, guesses: Codes) -> NDArray[np.int64]:
    """Return the confusion matrix: 3 rows of true classes, 4 columns of guesses, the last -1."""
    return np.bincount(gold * 4 + guesses % 4, minlength=12).reshape(3, 4)


def recalls(table: NDArray[np.int64]) -> Floats:
    """Return the recall per class."""
    return np.diag(table) / np.maximum(1, table.sum(axis=1))


def precisions(table: NDArray[np.int64]) -> Floats:
    """Return the precision per class."""
    return np.diag(table) / np.maximum(1, table.sum(axis=0)[:3])


def f1s(table: NDArray[np.int64]) -> Floats:
    """Return the F1 per class."""
    return 2 * np.diag(table) / np.maximum(1, table.sum(axis=1) + table.sum(axis=0)[:3])


def macro_f1(gold: Codes, guesses: Codes) -> float:
    """Return the mean of the classes' F1."""
    return float(f1s(confusion(gold, guesses)).mean())


def macro_recall(gold: Codes, guesses: Codes) -> float:
    """Return the mean of the classes' recall, which TweetEval uses."""
    return float(recalls(confusion(gold, guesses)).mean())


def figures(gold: Codes, guesses: Codes, confidences: Floats | None = None) -> dict[str, Any]:
    """Return all figures of a scorer on a set, rounded, as JSON values."""
    table = confusion(gold, guesses)
    right = guesses == gold
    measured: dict[str, Any] = {
        "rows": len(gold),
        "accuracy": _rounded(right.mean()),
        "macro_f1": _rounded(f1s(table).mean()),
        "macro_recall": _rounded(recalls(table).mean()),
        "precision": _by_class(precisions(table)),
        "recall": _by_class(recalls(table)),
        "confusion": table.tolist(),
    }
    if confidences is not None:
        measured["calibration_error"] = calibration_error(confidences, right)
        measured["abstention"] = [
            _abstaining(threshold, confidences, right) for threshold in ABSTAIN_BELOW
        ]
    return measured


def _abstaining(
    threshold: float, confidences: Floats, right: NDArray[np.bool_]
) -> dict[str, float | None]:
    """Return the share of texts at or above a confidence, and the accuracy on them."""
    is_kept = confidences >= threshold
    accuracy = _rounded(right[is_kept].mean()) if is_kept.any() else None
    return {"below": threshold, "coverage": _rounded(is_kept.mean()), "accuracy": accuracy}


def _by_class(values: Floats) -> dict[str, float]:
    return {label: _rounded(value) for label, value in zip(LABELS, values.tolist(), strict=True)}


def _rounded(value: Any) -> float:  # a number of Python or numpy
    return round(float(value), 4)
