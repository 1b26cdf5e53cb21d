"""Score with TextBlob's pattern analyzer, which needs no corpora."""

from collections.abc import Sequence
from importlib.metadata import version as installed_version

from textblob.en.sentiments import PatternAnalyzer

from transforms.scoring.score import ENGLISH, Score, ScorerOptions, label_of


class TextBlobScorer:
    """Scores texts by polarity, as `TextBlob(text).sentiment` does."""

    name = "textblob"
    languages = ENGLISH

    def __init__(self) -> None:
        self.version = installed_version("textblob")
        self._analyze = PatternAnalyzer().analyze

    def score(self, texts: Sequence[str]) -> list[Score]:
        compounds = [float(self._analyze(text).polarity) for text in texts]
        return [Score(label_of(compound), compound) for compound in compounds]


def load(_options: ScorerOptions) -> TextBlobScorer:
    """Return the scorer."""
    return TextBlobScorer()
