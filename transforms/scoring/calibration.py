"""Calibrate confidence to P(the label is right), by a fit to one version of a scorer.

A fit is a small JSON file. It ships as `calibrations/<scorer>.json` (made by
`benchmarks/fit_calibration.py`), or comes with the model (`CarriesFit`), or is made by a user from
labelled texts (`echostream calibrate`). The version on each row contains a hash of the fit, and the
confidence below which the scorer abstains: so a re-score finds the rows of an older one.
"""

import hashlib
import json
import math
import operator
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import Any, Literal, Protocol, Self, runtime_checkable

from foundation.errors import SettingsError
from transforms.scoring.score import HasFigures, Label, Score, Scorer

SHIPPED = resources.files("transforms.scoring") / "calibrations"

MOST_REMEMBERED = 50_000
_STRONG = 0.2  # the share of a text from which on a side is strong
_EDGE = 1e-6  # probabilities nearer to 0 or 1 are clipped to this distance
_SINGLE: tuple[Label, ...] = ("negative", "neutral", "positive")


@dataclass(frozen=True)
class Fit:
    """Maps a scorer's answer to the probability that its label is right.

    `by="compound"` is multinomial logistic regression on `compound_features`, with one row of
    weights per class. `by="confidence"` is logistic regression on the log-odds of the scorer's own
    probability, with one row of two weights. `mixed` is the share of right answers among the texts
    labelled mixed, a label that none of the classes covers.
    """

    by: Literal["compound", "confidence"]
    weights: tuple[tuple[float, ...], ...]
    scorer_version: str
    fitted_on: str
    mixed: float | None = None

    @classmethod
    def of(cls, stored: dict[str, Any]) -> Self:
        """Return the fit in a JSON object; its other fields are for people."""
        weights = tuple(tuple(row) for row in stored["weights"])
        return cls(
            stored["by"],
            weights,
            stored["scorer_version"],
            stored["fitted_on"],
            stored.get("mixed"),
        )

    @cached_property
    def version(self) -> str:
        """Return a hash of everything that determines a confidence."""
        return hashlib.sha256(repr((self.by, self.weights, self.mixed)).encode()).hexdigest()[:6]

    def confidence(self, score: Score) -> float | None:
        """Return P(the label is right), to four digits; None without a label."""
        if score.label is None:
            return None
        if score.label == "mixed":
            return self.mixed
        if self.by == "confidence":
            return (
                None
                if score.confidence is None
                else round(_sigmoid(self._platt(score.confidence)), 4)
            )
        return (
            None if score.compound is None else round(self._classes(score.compound)[score.label], 4)
        )

    def _platt(self, probability: float) -> float:
        shift, slope = self.weights[0]
        inside = min(max(probability, _EDGE), 1 - _EDGE)
        return shift + slope * math.log(inside / (1 - inside))

    def _classes(self, compound: float) -> dict[Label, float]:
        features = compound_features(compound)
        powers = [math.exp(math.fsum(map(operator.mul, row, features))) for row in self.weights]
        return {label: power / sum(powers) for label, power in zip(_SINGLE, powers, strict=True)}


@runtime_checkable
class CarriesFit(Protocol):
    """A scorer whose fit comes with its model."""

    fit: Fit


class Calibrated:
    """A scorer with its fit: calibrated confidence, abstention, and the label mixed if wanted."""

    def __init__(
        self, scorer: Scorer, fit: Fit | None, *, abstain_below: float = 0.0, mixed: bool = False
    ) -> None:
        if abstain_below and not fit:
            raise SettingsError(
                f"scorer {scorer.name} {scorer.version} has no calibration, by which it could"
                f" abstain",
                remedy="Set scorer.abstain_below to 0",
            )
        self.name = scorer.name
        self.languages = scorer.languages
        marks = [f"cal-{fit.version}"] if fit else []
        marks += [f"abstain-{abstain_below:g}"] if abstain_below else []
        self._figures = scorer if mixed and isinstance(scorer, HasFigures) else None
        marks += ["mixed"] if self._figures else []
        self.version = "+".join([scorer.version, ".".join(marks)]) if marks else scorer.version
        self.uncalibrated = scorer
        self.remembered = _Made(fit, abstain_below)

    def score(self, texts: Sequence[str]) -> list[Score]:
        scores: Iterable[Score] = self.uncalibrated.score(texts)
        if self._figures:
            pairs = zip(scores, self._figures.figures_of(texts), strict=True)
            scores = [
                replace(score, label="mixed") if is_mixed(figures) else score
                for score, figures in pairs
            ]
        return list(map(self.remembered.__getitem__, scores))


class _Made(dict[Score, Score]):
    """Maps a scorer's score to the one that users see; there are few, so each is made once."""

    def __init__(self, fit: Fit | None, abstain_below: float) -> None:
        super().__init__()
        self._fit = fit
        self._abstain_below = abstain_below

    def __missing__(self, score: Score) -> Score:
        confidence = self._fit.confidence(score) if self._fit else None
        is_too_low = confidence is not None and confidence < self._abstain_below
        if len(self) >= MOST_REMEMBERED:
            self.clear()
        self[score] = with_confidence = replace(
            score, label=None if is_too_low else score.label, confidence=confidence
        )
        return with_confidence


def calibrated(
    scorer: Scorer, *, abstain_below: float, mixed: bool, folder: str = ""
) -> Calibrated:
    """Return the scorer with the fit that belongs to its version, if there is one.

    Args:
        scorer: the scorer, not calibrated.
        abstain_below: the confidence below which the label is left out.
        mixed: whether VADER's figures may give the label mixed.
        folder: a folder of a user's own fits, which precede the others; empty without one.

    Raises:
        SettingsError: the scorer should abstain and has no fit, or a user's own cannot be read.
    """
    fit = _own_fit(scorer, folder) or (
        scorer.fit if isinstance(scorer, CarriesFit) else _shipped_fit(scorer)
    )
    return Calibrated(scorer, fit, abstain_below=abstain_below, mixed=mixed)


def is_mixed(figures: tuple[float, float, float, float]) -> bool:
    """Return whether both sides are strong in VADER's figures.

    It is a weak sign of mixed sentiment: docs/evidence/sentiment.md says how weak.
    """
    neg, _, pos, _ = figures
    return min(neg, pos) >= _STRONG


def file_of(scorer: Scorer) -> str:
    """Return the file name of a user's own fit, which has the scorer's version."""
    return f"{scorer.name}@{scorer.version}.json"


def _own_fit(scorer: Scorer, folder: str) -> Fit | None:
    if not folder:
        return None
    if not Path(folder).is_dir():
        raise SettingsError(
            f"{folder} is no folder",
            remedy="Set scorer.calibrations to the folder that `echostream calibrate` wrote",
        )
    file = Path(folder) / file_of(scorer)
    if not file.is_file():
        return None
    try:
        return Fit.of(json.loads(file.read_text("utf-8")))
    except (OSError, ValueError, KeyError, TypeError):
        raise SettingsError(
            f"{file} is no calibration", remedy="Make it again: echostream calibrate"
        ) from None


def _shipped_fit(scorer: Scorer) -> Fit | None:
    file = SHIPPED / f"{scorer.name}.json"
    if not file.is_file():
        return None
    fit = Fit.of(json.loads(file.read_text("utf-8")))
    return fit if fit.scorer_version == scorer.version else None


def compound_features(compound: float) -> tuple[float, ...]:
    """Return the regression's features: 1, c, c squared, |c|, and whether c is 0."""
    return (1.0, compound, compound * compound, abs(compound), float(compound == 0))


def _sigmoid(logit: float) -> float:
    return 1 / (1 + math.exp(-logit))
