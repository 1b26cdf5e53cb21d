"""Figures of three-class guesses: 0 negative, 1 neutral, 2 positive; -1 is no guess, and is wrong."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from benchmarks.sentiment_sets import LABELS

Codes = NDArray[np.int64]
Floats = NDArray[np.float64]


def classes_of(labels: Sequence[str | None]) -> Codes:
    """Labels as numbers; None, and mixed, are no guess."""
    numbers: dict[str | None, int] = {label: number for number, label in enumerate(LABELS)}
    return np.array([numbers.get(label, -1) for label in labels], np.int64)


def confusion(gold: Codes, guesses: Codes) -> NDArray[np.int64]:
    """Rows are gold classes, columns guesses; a fourth column counts no guess."""
    return np.bincount(gold * 4 + guesses % 4, minlength=12).reshape(3, 4)


def recalls(table: NDArray[np.int64]) -> Floats:
    """Per class."""
    return np.diag(table) / np.maximum(1, table.sum(axis=1))


def precisions(table: NDArray[np.int64]) -> Floats:
    """Per class."""
    return np.diag(table) / np.maximum(1, table.sum(axis=0)[:3])


def f1s(table: NDArray[np.int64]) -> Floats:
    """Per class."""
    return 2 * np.diag(table) / np.maximum(1, table.sum(axis=1) + table.sum(axis=0)[:3])


def macro_f1(gold: Codes, guesses: Codes) -> float:
    """The mean of the classes' F1."""
    return float(f1s(confusion(gold, guesses)).mean())


def macro_recall(gold: Codes, guesses: Codes) -> float:
    """The mean of the classes' recall, TweetEval's own figure."""
    return float(recalls(confusion(gold, guesses)).mean())
