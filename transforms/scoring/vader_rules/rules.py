"""Apply VADER's published rules, bit-identical to vaderSentiment 3.3.2, in linear time.

Rules: Hutto & Gilbert, "VADER: A Parsimonious Rule-based Model for Sentiment Analysis of Social
Media Text", ICWSM 2014, doi 10.1609/icwsm.v8i1.14550, and the documentation of
https://github.com/cjhutto/vaderSentiment (MIT), whose tables are read from the installed package.
Its oddities are kept (an idiom only from the fourth word, "but" finding a word by its value),
because they are part of VADER's known figures.
"""

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from transforms.scoring.vader_rules.columns import Columns
from transforms.scoring.vader_rules.words import (
    FIRST_SCORED,
    Letters,
    Tables,
    Valences,
    emphasis,
    turned,
)

_CHUNK_TEXTS = 2_048
_CHUNK_CHARACTERS = 131_072
_FEW_CHARACTERS = 1_500  # below this the columns cost more than they save


class Figures(NamedTuple):
    """The four figures that the package returns."""

    neg: float
    neu: float
    pos: float
    compound: float


_EMPTY = Figures(0.0, 0.0, 0.0, 0.0)
_NEUTRAL = Figures(0.0, 1.0, 0.0, 0.0)


class FastVader:
    """Computes VADER's figures; a worker loads it once, which takes about 50 ms."""

    def __init__(self) -> None:
        tables = Tables()
        self.version = tables.version
        self._shouted = tables.shouted
        letters = Letters(tables)
        valences = Valences(letters.kinds)
        self._but = [letter for letter, kind in letters.kinds.items() if kind.name == "but"]
        self._letter_of = letters.__getitem__
        self._valence_of = valences.__getitem__
        self._columns = Columns(
            letters, valences, tables.shouted, longest=4 * _CHUNK_CHARACTERS + _CHUNK_TEXTS + 2
        )

    def polarity_scores(self, text: str) -> dict[str, float]:
        """Return the figures as the package does; for many texts `figures_of` is faster."""
        return self.figures(text)._asdict()

    def figures(self, text: str) -> Figures:
        """Return the figures of one text."""
        letters = "".join(map(self._letter_of, text.split()))
        if letters.isascii():
            return _NEUTRAL if letters else _EMPTY
        if letters.isupper():  # capitals only count if some words are not in capitals
            letters = letters.lower()
        padded = f"   {letters}  "
        valence_of = self._valence_of
        places = [place for place, letter in enumerate(letters) if letter >= FIRST_SCORED]
        valences = [valence_of(padded[place : place + 6]) for place in places]
        if buts := [place for letter in self._but if (place := letters.find(letter)) >= 0]:
            valences = turned(valences, places, min(buts))
        marks = text.count("!") + (0 if text.isascii() else sum(map(text.count, self._shouted)))
        return _figures(valences, len(letters), emphasis(marks, text.count("?")))

    def figures_of(self, texts: Sequence[str]) -> list[Figures]:
        """Return the figures of many texts, in their order."""
        return [Figures._make(row) for rows in self._rows(texts) for row in zip(*rows, strict=True)]

    def compounds(self, texts: Sequence[str]) -> list[float]:
        """Return the compound of each text, the one figure that most callers need."""
        return [compound for rows in self._rows(texts) for compound in rows[3]]

    def _rows(self, texts: Sequence[str]) -> Iterator[Sequence[Sequence[float]]]:
        """Yield the four figures as columns, chunk by chunk."""
        for chunk in _chunks(texts):
            if _FEW_CHARACTERS <= sum(map(len, chunk)) <= _CHUNK_CHARACTERS:
                yield [column.tolist() for column in self._columns.figures(chunk)]
            else:
                yield tuple(zip(*map(self.figures, chunk), strict=True))


def _chunks(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    """Yield runs of texts that are short enough together; a text that is too long is one run."""
    start = characters = 0
    for end, text in enumerate(texts):
        characters += len(text)
        if end > start and (characters > _CHUNK_CHARACTERS or end - start == _CHUNK_TEXTS):
            yield texts[start:end]
            start = end
            characters = len(text)
    if start < len(texts):
        yield texts[start:]


def _figures(valences: list[float], words: int, raised: float) -> Figures:
    total = positive = negative = 0.0
    # A loop, since sum() compensates from Python 3.12 on, which would flip some labels.
    for valence in valences:
        total += valence
        if valence > 0:
            positive += valence + 1
        elif valence < 0:
            negative -= valence - 1
    neutral = words - sum(valence != 0 for valence in valences)
    if total:
        total += raised if total > 0 else -raised
    if positive > negative:
        positive += raised
    elif negative > positive:
        negative += raised
    whole = positive + negative + neutral
    compound = max(-1.0, min(1.0, total / math.sqrt(total * total + 15)))
    return Figures(
        round(negative / whole, 3),
        round(neutral / whole, 3),
        round(positive / whole, 3),
        round(compound, 4),
    )
