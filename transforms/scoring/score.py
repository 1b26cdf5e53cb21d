"""Define the interface of sentiment scorers: name, version, languages, and scores of texts."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple, Protocol, Self, runtime_checkable

from foundation.sections import ComprehendSettings, ScorerSettings, TransformerSettings

Label = Literal["positive", "neutral", "negative", "mixed"]

ENGLISH = frozenset({"en"})


class Thresholds(NamedTuple):
    """A text is negative up to the one compound, and positive from the other on."""

    negative: float
    positive: float


# VADER's documented thresholds: https://github.com/cjhutto/vaderSentiment, "About the Scoring"
DOCUMENTED = Thresholds(-0.05, 0.05)
_COMPREHEND = ComprehendSettings()
_TRANSFORMER = TransformerSettings()


@dataclass(frozen=True, slots=True)
class Score:
    """A text's sentiment: `compound` from -1 to 1, `confidence` is P(the label is right).

    A scorer with its own probabilities gives the label's as `confidence`. From it
    `transforms.scoring.calibration` computes the one that users see; that is None if no fit belongs
    to the scorer's version.
    """

    label: Label | None
    compound: float | None
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class ScorerOptions:
    """Options of a scorer.

    Spark sends them to the workers and a cache uses them as key, so they are frozen and hold no
    secret.
    """

    name: str = "vader"
    model: str = ""  # a model's folder; empty for the shipped model
    calibrations: str = ""  # a folder of a user's own fits; empty without any
    abstain_below: float = 0.0  # the confidence below which there is no label
    mixed: bool = False  # whether the label `mixed` is allowed
    by_language: tuple[tuple[str, str], ...] = ()  # ISO 639-1 code and the name of its scorer
    language: str = "en"  # of the texts, for a scorer that needs it
    comprehend: ComprehendSettings = _COMPREHEND
    transformer: TransformerSettings = _TRANSFORMER
    state_dir: str = "."  # the folder where a paid scorer counts its spending

    @classmethod
    def of(cls, settings: ScorerSettings, *, home: Path | None = None) -> Self:
        """Return the options of the settings.

        Args:
            settings: the settings of section `scorer`.
            home: ECHOSTREAM_HOME; None for the working directory.
        """
        return cls(
            name=settings.name,
            model=settings.model,
            calibrations=str(settings.calibrations or ""),
            abstain_below=settings.abstain_below,
            mixed=settings.mixed,
            by_language=tuple(sorted(settings.by_language.items())),
            comprehend=settings.comprehend,
            transformer=settings.transformer,
            state_dir=str((home or Path()) / "budgets"),
        )


class Scorer(Protocol):
    """Scores texts; a worker loads it once."""

    name: str
    version: str
    languages: frozenset[str]  # ISO 639-1 codes; empty for any language

    def score(self, texts: Sequence[str]) -> list[Score]:
        """Return one score per text, in the order of the texts."""


@runtime_checkable
class HasFigures(Protocol):
    """A scorer with VADER's four figures: neg, neu, pos, compound."""

    def figures_of(self, texts: Sequence[str]) -> Sequence[tuple[float, float, float, float]]:
        """Return neg, neu, pos and compound of each text, in the order of the texts."""


def label_of(compound: float, thresholds: Thresholds = DOCUMENTED) -> Label:
    """Return the label of a compound score."""
    if compound >= thresholds.positive:
        return "positive"
    return "negative" if compound <= thresholds.negative else "neutral"
