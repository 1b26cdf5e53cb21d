"""Compute the gradient of a conditional random field with two states for a batch of texts."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(slots=True)
class Chain:
    """The weights of features, and of transitions from one state to the next."""

    features: Floats
    steps: Floats


def gradients(
    scores: Floats, gold: Floats, there: npt.NDArray[np.bool_], steps: Floats
) -> tuple[float, Floats, Floats]:
    """Return the loss, and its gradients with respect to the scores and the transitions.

    Args:
        scores: (texts, words): the log-odds that a word belongs to a name.
        gold: (texts, words): 1 if the word belongs to a name, otherwise 0.
        there: (texts, words): False after the end of a text.
        steps: (2, 2): the weights of transitions, from and to.
    """
    forward = _forward(scores, there, steps)
    backward = _backward(scores, there, steps)
    whole = np.logaddexp(forward[:, -1, 0], forward[:, -1, 1])
    expected = np.exp(forward[:, :, 1] + backward[:, :, 1] - whole[:, None]) * there
    both = forward[:, :-1, :, None] + steps + backward[:, 1:, None, :]
    both[..., 1] += scores[:, 1:, None]
    follows = there[:, 1:]
    expected_steps = (np.exp(both - whole[:, None, None, None]) * follows[:, :, None, None]).sum(
        axis=(0, 1)
    )
    names = gold.astype(np.int64)
    seen = np.zeros((2, 2))
    np.add.at(seen, (names[:, :-1][follows], names[:, 1:][follows]), 1)
    loss = float(whole.sum() - (scores * gold * there).sum() - (seen * steps).sum())
    return loss, (expected - gold) * there, expected_steps - seen


def _forward(scores: Floats, there: npt.NDArray[np.bool_], steps: Floats) -> Floats:
    sums = np.zeros((*scores.shape, 2))
    sums[:, 0, 1] = scores[:, 0]
    for at in range(1, scores.shape[1]):
        before = sums[:, at - 1]
        now = np.logaddexp(before[:, :1] + steps[0], before[:, 1:] + steps[1])
        now[:, 1] += scores[:, at]
        sums[:, at] = np.where(there[:, at, None], now, before)
    return sums


def _backward(scores: Floats, there: npt.NDArray[np.bool_], steps: Floats) -> Floats:
    sums = np.zeros((*scores.shape, 2))
    for at in range(scores.shape[1] - 2, -1, -1):
        after = sums[:, at + 1].copy()
        after[:, 1] += scores[:, at + 1]
        now = np.logaddexp(steps[:, 0] + after[:, :1], steps[:, 1] + after[:, 1:])
        sums[:, at] = np.where(there[:, at + 1, None], now, sums[:, at + 1])
    return sums
