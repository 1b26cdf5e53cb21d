"""Sentiment scorers behind one interface; which one is a setting, and its version is on every row."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version as installed_version
from typing import Literal, Protocol

from foundation.errors import SettingsError

Label = Literal["positive", "neutral", "negative", "mixed"]

_THRESHOLD = 0.05  # VADER's documented one: https://github.com/cjhutto/vaderSentiment, "About the Scoring"


@dataclass(frozen=True, slots=True)
class Score:
    """A text's sentiment; `compound` from -1 to 1, `confidence` None until it is calibrated."""

    label: Label | None
    compound: float | None
    confidence: float | None = None


class Scorer(Protocol):
    """Loaded once per worker; `score` answers in the order of the texts."""

    name: str
    version: str

    def score(self, texts: Sequence[str]) -> list[Score]: ...


def label_of(compound: float) -> Label:
    """The class of a compound score."""
    if compound >= _THRESHOLD:
        return "positive"
    return "negative" if compound <= -_THRESHOLD else "neutral"


class VaderScorer:
    """The vaderSentiment package as it is."""

    name = "vader"

    def __init__(self) -> None:
        from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer  # noqa: PLC0415  # only where it is used

        self.version = installed_version("vaderSentiment")
        self._polarity = SentimentIntensityAnalyzer().polarity_scores

    def score(self, texts: Sequence[str]) -> list[Score]:
        compounds = [self._polarity(text)["compound"] for text in texts]
        return [Score(label_of(compound), compound) for compound in compounds]


class TextBlobScorer:
    """TextBlob's pattern analyzer, which needs no corpora."""

    name = "textblob"

    def __init__(self) -> None:
        from textblob.en.sentiments import PatternAnalyzer  # noqa: PLC0415  # only where it is used

        self.version = installed_version("textblob")
        self._analyze = PatternAnalyzer().analyze

    def score(self, texts: Sequence[str]) -> list[Score]:
        compounds = [round(self._analyze(text).polarity, 4) for text in texts]
        return [Score(label_of(compound), compound) for compound in compounds]


SCORERS: dict[str, Callable[[], Scorer]] = {"vader": VaderScorer, "textblob": TextBlobScorer}


@cache
def load_scorer(name: str) -> Scorer:
    """The scorer of that name, one per process.

    Raises:
        SettingsError: there is none.
    """
    try:
        return SCORERS[name]()
    except KeyError:
        raise SettingsError(
            f"scorer {name} is unknown", remedy=f"Set scorer.name to one of: {', '.join(SCORERS)}"
        ) from None
