"""Turn texts into numbers for a linear model: hashed words and pairs, and lexicon features."""

import re
import zlib
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from transforms.scoring.normaliser import cleaned
from transforms.scoring.score import DOCUMENTED, Thresholds
from transforms.scoring.vader_plus import VaderPlusScorer

BUCKETS = 1 << 17
LEXICON_FEATURES = (
    "compound",
    "compound squared",
    "compound, unsigned",
    "neg",
    "pos",
    "is negative",
    "is positive",
)

_READ_CHARS = 16_000  # of a text, so that the work is bounded
MOST_REMEMBERED = 200_000
_LONGEST_REMEMBERED = 40
_TOKEN = re.compile(r"\w+(?:'\w+)*|[!?]+|[^\w\s]")
_PAIR = np.uint64(0x9E3779B97F4A7C15)
_TOP_BITS = np.uint64(64 - 17)

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class Features(NamedTuple):
    """The buckets of words and pairs with their texts, and the lexicon features of each text."""

    buckets: Ints  # of each word and pair
    owners: Ints  # the index of its text
    lexicon: Floats  # texts x LEXICON_FEATURES


class Hasher:
    """Computes the features of texts; caches the hashes of words."""

    def __init__(self) -> None:
        # Its thresholds are part of the features, so they are the documented ones, which no fit
        # changes.
        self._vader = VaderPlusScorer(DOCUMENTED)
        self.version = self._vader.version
        self._hash_of = Hashes().__getitem__

    def features(self, texts: Sequence[str]) -> Features:
        """Return the features of the texts."""
        words = [
            list(map(self._hash_of, _TOKEN.findall(cleaned(text[:_READ_CHARS]).lower())))
            for text in texts
        ]
        counts = np.fromiter(map(len, words), np.int64, len(words))
        hashes = np.fromiter(
            (word for text_words in words for word in text_words), np.uint64, int(counts.sum())
        )
        owners = np.repeat(np.arange(len(texts)), counts)
        together = np.flatnonzero(owners[1:] == owners[:-1])
        pairs = hashes[together] * _PAIR ^ hashes[together + 1]
        mixed = np.concatenate([hashes, pairs]) * _PAIR
        return Features(
            (mixed >> _TOP_BITS).astype(np.int64),
            np.concatenate([owners, owners[together]]),
            self._lexicon(texts),
        )

    def _lexicon(self, texts: Sequence[str]) -> Floats:
        figures = np.array(self._vader.figures_of(texts), np.float64).reshape(len(texts), 4)
        neg, _, pos, compound = figures.T
        polar: Thresholds = DOCUMENTED
        return np.column_stack(
            [
                compound,
                compound**2,
                np.abs(compound),
                neg,
                pos,
                compound <= polar.negative,
                compound >= polar.positive,
            ]
        )


class Hashes(dict[str, int]):
    """Maps a word to its hash, which is the same in every process."""

    def __missing__(self, word: str) -> int:
        digest = zlib.crc32(word.encode("utf-8", "surrogatepass"))
        if len(word) <= _LONGEST_REMEMBERED:
            if len(self) >= MOST_REMEMBERED:
                self.clear()
            self[word] = digest
        return digest
