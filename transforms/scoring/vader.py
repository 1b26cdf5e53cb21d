"""VADER, the default: its published rules and thresholds."""

from collections.abc import Sequence

from transforms.scoring.score import DOCUMENTED, ENGLISH, Score, ScorerOptions, Thresholds, label_of
from transforms.scoring.vader_rules.rules import FastVader, Figures


class VaderScores(dict[float, Score]):
    """Return the score of a compound: few exist, and a lookup is cheaper than making one."""

    def __init__(self, thresholds: Thresholds) -> None:
        super().__init__()
        self._thresholds = thresholds

    def __missing__(self, compound: float) -> Score:
        label = label_of(compound, self._thresholds)
        self[compound] = score = Score(label, compound + 0.0)  # + 0.0: no row holds -0.0
        return score


class VaderScorer:
    """VADER's rules in columns; its version names the lexicon as well."""

    name = "vader"
    languages = ENGLISH

    def __init__(self) -> None:
        self._vader = FastVader()
        self.version = self._vader.version
        self._scores = VaderScores(DOCUMENTED)

    def score(self, texts: Sequence[str]) -> list[Score]:
        return list(map(self._scores.__getitem__, self._vader.compounds(texts)))

    def figures_of(self, texts: Sequence[str]) -> Sequence[Figures]:
        """Return the package's four figures."""
        return self._vader.figures_of(texts)


def load(_options: ScorerOptions) -> VaderScorer:
    """Return the scorer."""
    return VaderScorer()
