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


class _VaderScores(dict[float, Score]):
    """Compound to score: four digits leave few compounds, and finding a score is cheaper than making it."""

    def __missing__(self, compound: float) -> Score:
        self[compound] = score = Score(label_of(compound), compound + 0.0)  # + 0.0: no row holds -0.0
        return score


class VaderScorer:
    """VADER's rules in columns; its version names the lexicon as well."""

    name = "vader"

    def __init__(self) -> None:
        from transforms.vader import FastVader  # noqa: PLC0415  # only where it is used

        self._vader = FastVader()
        self.version = self._vader.version
        self._scores = _VaderScores()

    def score(self, texts: Sequence[str]) -> list[Score]:
        return list(map(self._scores.__getitem__, self._vader.compounds(texts)))


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
