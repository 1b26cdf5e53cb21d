"""The interface of sentiment scorers: name, version, languages, and a score for each text."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple, Protocol, Self, runtime_checkable

from foundation.sections import ComprehendSettings, ScorerSettings, TransformerSettings

Label = Literal["positive", "neutral", "negative", "mixed"]

ENGLISH = frozenset({"en"})


class Thresholds(NamedTuple):
    """Compounds from which on, outward, a text is negative or positive."""

    negative: float
    positive: float


# VADER's documented ones: https://github.com/cjhutto/vaderSentiment, "About the Scoring"
DOCUMENTED = Thresholds(-0.05, 0.05)
_COMPREHEND = ComprehendSettings()
_TRANSFORMER = TransformerSettings()


@dataclass(frozen=True, slots=True)
class Score:
    """A text's sentiment: `compound` from -1 to 1, `confidence` P(the label is right).

    A scorer that has probabilities of its own gives the label's as `confidence`; what users see is
    made of it by
    `transforms.scoring.calibration`, and is None where no fit belongs to the scorer's version.
    """

    label: Label | None
    compound: float | None
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class ScorerOptions:
    """Options of a scorer.

    They travel to the workers and are the cache's key, so they are frozen and hold no secret.
    """

    name: str = "vader"
    model: str = ""  # a model's folder; empty: the one that ships
    calibrations: str = ""  # a folder of a user's own fits
    abstain_below: float = 0.0  # a confidence
    mixed: bool = False  # allow the label `mixed`
    by_language: tuple[tuple[str, str], ...] = ()  # ISO 639-1 code and the name of its scorer
    language: str = "en"  # of its texts, for a scorer that must be told
    comprehend: ComprehendSettings = _COMPREHEND
    transformer: TransformerSettings = _TRANSFORMER
    state_dir: str = "."  # the folder where a paid scorer counts its spending

    @classmethod
    def of(cls, settings: ScorerSettings, *, home: Path | None = None) -> Self:
        """Return the options from the settings.

        Args:
            settings: the scorer's.
            home: ECHOSTREAM_HOME; None: the folder that the program runs in.
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
    """Loaded once per worker; `score` answers in the order of the texts."""

    name: str
    version: str
    languages: frozenset[str]  # ISO 639-1; empty: any

    def score(self, texts: Sequence[str]) -> list[Score]: ...


@runtime_checkable
class HasFigures(Protocol):
    """A scorer with VADER's four figures: neg, neu, pos, compound."""

    def figures_of(self, texts: Sequence[str]) -> Sequence[tuple[float, float, float, float]]: ...


def label_of(compound: float, thresholds: Thresholds = DOCUMENTED) -> Label:
    """Return the class of a compound score."""
    if compound >= thresholds.positive:
        return "positive"
    return "negative" if compound <= thresholds.negative else "neutral"
