"""Score with VADER's rules on a normalised text, by sentence if it is long, and fitted thresholds.

The thresholds are in `vader_plus.json`, which `benchmarks/fit_vader_plus.py` makes.
"""

import json
import math
from collections.abc import Iterable, Sequence
from importlib import resources
from itertools import chain, islice

from transforms.scoring.normaliser import NORMALISER_VERSION, normalise, sentences
from transforms.scoring.score import ENGLISH, Score, ScorerOptions, Thresholds
from transforms.scoring.vader import VaderScores
from transforms.scoring.vader_rules.rules import FastVader, Figures

FILE = resources.files("transforms.scoring") / "vader_plus.json"


class VaderPlusScorer:
    """Scores texts; the version names package, lexicon, normaliser and thresholds."""

    name = "vader-plus"
    languages = ENGLISH

    def __init__(self, thresholds: Thresholds) -> None:
        self._vader = FastVader()
        self._scores = VaderScores(thresholds)
        fitted = "t{:g},{:g}".format(*thresholds)
        self.version = f"{self._vader.version}.n{NORMALISER_VERSION}.{fitted}"

    def score(self, texts: Sequence[str]) -> list[Score]:
        return list(map(self._scores.__getitem__, self.compounds(texts)))

    def compounds(self, texts: Sequence[str]) -> list[float]:
        """Return each text's compound score."""
        parts = [sentences(normalise(text)) for text in texts]
        compounds = iter(self._vader.compounds(list(chain.from_iterable(parts))))
        return [_whole(islice(compounds, len(text_sentences))) for text_sentences in parts]

    def figures_of(self, texts: Sequence[str]) -> Sequence[Figures]:
        """Return VADER's figures of the normalised texts; the mean over the sentences if long."""
        parts = [sentences(normalise(text)) for text in texts]
        figures = iter(self._vader.figures_of(list(chain.from_iterable(parts))))
        return [
            _whole_figures(list(islice(figures, len(text_sentences)))) for text_sentences in parts
        ]


def _whole(compounds: Iterable[float]) -> float:
    """Return a text's compound from those of its sentences.

    The compound of a whole text tends to -1 or 1 with its length, and the mean over sentences tends
    to 0. Taking the mean twice, by the sum of tanh, gives the scale of short texts.
    """
    first, *rest = compounds
    if not rest:
        return first
    mean = math.fsum((first, *rest)) / (1 + len(rest))
    return round(2 * mean / (1 + mean * mean), 4)


def _whole_figures(figures: list[Figures]) -> Figures:
    if len(figures) == 1:
        return figures[0]
    *shares, compounds = zip(*figures, strict=True)
    neg, neu, pos = (round(math.fsum(share) / len(share), 3) for share in shares)
    return Figures(neg, neu, pos, _whole(compounds))


def load(_options: ScorerOptions) -> VaderPlusScorer:
    """Return the scorer."""
    stored = json.loads(FILE.read_text("utf-8"))
    return VaderPlusScorer(Thresholds(stored["negative"], stored["positive"]))
