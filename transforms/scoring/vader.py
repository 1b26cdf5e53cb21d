"""Score with VADER, the default: its published rules and thresholds."""

from collections.abc import Sequence

from transforms.scoring.score import DOCUMENTED, ENGLISH, Score, ScorerOptions, Thresholds, label_of
from transforms.scoring.vader_rules.rules import FastVader, Figures


class VaderScores(dict[float, Score]):
    """Maps a compound to its score: there are few, and a lookup is faster than making one."""

    def __init__(self, thresholds: Thresholds) -> None:
        super().__init__()
        self._thresholds = thresholds

    def __missing__(self, compound: float) -> Score:
        label = label_of(compound, self._thresholds)
        self[compound] = score = Score(label, compound + 0.0)  # + 0.0 turns -0.0 into 0.0
        return score


class VaderScorer:
    """Scores texts by VADER's rules; the version contains a hash of the lexicon."""

    name = "vader"
    languages = ENGLISH

    def __init__(self) -> None:
        self._vader = FastVader()
        self.version = self._vader.version
        self._scores = VaderScores(DOCUMENTED)

    def score(self, texts: Sequence[str]) -> list[Score]:
        return list(map(self._scores.__getitem__, self._vader.compounds(texts)))

    def figures_of(self, texts: Sequence[str]) -> Sequence[Figures]:
        """Return VADER's four figures of each text."""
        return self._vader.figures_of(texts)


def load(_options: ScorerOptions) -> VaderScorer:
    """Return the scorer."""
    return VaderScorer()
