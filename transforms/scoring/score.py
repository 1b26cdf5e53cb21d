"""What every sentiment scorer is: its name, its version, the languages it knows, and a score for each text."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, Self, runtime_checkable

from foundation.settings import ScorerSettings

Label = Literal["positive", "neutral", "negative", "mixed"]

ENGLISH = frozenset({"en"})
_THRESHOLD = 0.05  # VADER's documented one: https://github.com/cjhutto/vaderSentiment, "About the Scoring"


@dataclass(frozen=True, slots=True)
class Score:
    """A text's sentiment; `compound` from -1 to 1, `confidence` the calibrated probability that the label is right.

    A scorer that has probabilities of its own gives the label's as `confidence`; what users see is made of it by
    `transforms.scoring.calibration`, and is None where no fit belongs to the scorer's version.
    """

    label: Label | None
    compound: float | None
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class ScorerOptions:
    """What a scorer is made from; travels to the workers and keys the cache, so it is frozen and holds no secret."""

    name: str = "vader"
    abstain_below: float = 0.0  # a confidence

    @classmethod
    def of(cls, settings: ScorerSettings) -> Self:
        """The options that the settings say."""
        return cls(**settings.model_dump())


class Scorer(Protocol):
    """Loaded once per worker; `score` answers in the order of the texts."""

    name: str
    version: str
    languages: frozenset[str]  # ISO 639-1; empty: any

    def score(self, texts: Sequence[str]) -> list[Score]: ...


@runtime_checkable
class HasFigures(Protocol):
    """A scorer with VADER's four figures: neg, neu, pos, compound."""

    def figures_of(self, texts: Sequence[str]) -> Sequence[tuple[float, float, float, float]]: ...


def label_of(compound: float) -> Label:
    """The class of a compound score."""
    if compound >= _THRESHOLD:
        return "positive"
    return "negative" if compound <= -_THRESHOLD else "neutral"
