"""Cache facts about words in tables, and turn texts into rows of these tables."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt

from transforms.pii.persons.features import (
    NEAR,
    OFFSETS,
    OWN,
    SIZE,
    Hashes,
    Slots,
    capital_of,
    described,
    everyday,
    hash_of,
    slots_of,
)
from transforms.pii.persons.tokens import EDGE, echo_of, pieces_of, users_in, words_in

_MOST_KNOWN = 200_000  # words, and pieces, in a cache; a full cache is emptied
_LONGEST_PIECE = 32  # characters; longer pieces seldom occur again
AT_ONCE = 4_096  # new words
_EDGE = 0  # the row of an edge


@dataclass(frozen=True, slots=True)
class Read:
    """The words of several texts as rows, with two edges before each text and after the last.

    Attributes:
        ids: rows of the vocabulary.
        firsts: the index of each text's first word, and where that of a next text would be.
        echo: 1 for each word that an account name in its text contains.
    """

    ids: Slots
    firsts: list[int]
    echo: Hashes


class Vocabulary:
    """Cached facts about words; a word's row is its index in each table.

    Attributes:
        words: the words, as `words_in` returns them.
        summed: the summary of each word's positions.
        hashes: of the word in small letters, of its shape, of its class of name.
        capital: how the word uses capitals, by `capital_of`.
        is_everyday: whether the word is an everyday word in small letters and also a name.
    """

    def __init__(self, summary: Callable[[Slots], npt.NDArray[Any]]) -> None:
        """Keep in `summed` the `summary` of each word's positions, shaped (words, OFFSETS, OWN)."""
        self._summary = summary
        self._forget()

    def _forget(self) -> None:
        self.words: list[str] = []
        self._rows: dict[str, int] = {}
        self._echoes: list[str] = []
        self._pieces = _Pieces(self._row)
        self._described = 0
        self.summed = self._summary(np.zeros((0, len(OFFSETS), OWN), dtype=np.int64))
        self.hashes = np.zeros((3, 0), dtype=np.uint64)
        self.capital = np.zeros(0, dtype=np.int64)
        self.is_everyday = np.zeros(0, dtype=bool)
        self._row(EDGE)

    def read(self, texts: Sequence[str]) -> Read:
        """Return the words of the texts, and add new ones; the rows hold until the next call."""
        if len(self.words) > _MOST_KNOWN:
            self._forget()
        rows_of = self._pieces.__getitem__
        ids: list[int] = []
        firsts: list[int] = []
        echoing: list[int] = []
        for text in texts:
            ids += (_EDGE, _EDGE)
            first = len(ids)
            firsts.append(first)
            ids += chain.from_iterable(map(rows_of, pieces_of(text)))
            if users := users_in(text):
                echoes = self._echoes
                echoing += [
                    at
                    for at, row in enumerate(ids[first:], first)
                    if (user := echoes[row]) and user in users
                ]
        ids += (_EDGE, _EDGE)
        self._describe_new()
        echo = np.zeros(len(ids), dtype=np.uint64)
        echo[echoing] = 1
        return Read(np.array(ids, dtype=np.int64), [*firsts, len(ids)], echo)

    def _row(self, word: str) -> int:
        row = self._rows.get(word)
        if row is None:
            row = self._rows[word] = len(self.words)
            self.words.append(word)
            self._echoes.append(echo_of(word))
        return row

    def _describe_new(self) -> None:
        while self._described < len(self.words):
            new = self.words[self._described : self._described + AT_ONCE]
            self._grow(self._described + len(new))
            self._describe(new, slice(self._described, self._described + len(new)))
            self._described += len(new)

    def _grow(self, needed: int) -> None:
        """Make room in the tables, twice as much each time."""
        if needed <= len(self.capital):
            return
        more = max(needed, 2 * len(self.capital), AT_ONCE) - len(self.capital)
        room = np.zeros((more, *self.summed.shape[1:]), dtype=self.summed.dtype)
        self.summed = np.concatenate([self.summed, room])
        self.hashes = np.concatenate([self.hashes, np.zeros((3, more), dtype=np.uint64)], axis=1)
        self.capital = np.concatenate([self.capital, np.zeros(more, dtype=np.int64)])
        self.is_everyday = np.concatenate([self.is_everyday, np.zeros(more, dtype=bool)])

    def _describe(self, new: list[str], rows: slice) -> None:
        features = np.zeros((len(new), OWN), dtype=np.uint64)
        is_present = np.zeros((len(new), OWN), dtype=bool)
        hashes = np.zeros((len(new), 3), dtype=np.uint64)
        for row, word in enumerate(new):
            described_by, shape, kind = described(word)
            features[row, : len(described_by)] = [hash_of(feature) for feature in described_by]
            is_present[row, : len(described_by)] = True
            hashes[row] = hash_of(described_by[0]), hash_of(shape), hash_of(kind + shape)
        slots = np.full((len(new), len(OFFSETS), OWN), SIZE, dtype=np.int64)
        for at in range(len(OFFSETS)):
            wide = OWN if at == 0 else NEAR
            slots[:, at, :wide] = np.where(
                is_present[:, :wide], slots_of(features[:, :wide], at), SIZE
            )
        self.summed[rows] = self._summary(slots)
        self.hashes[:, rows] = hashes.T
        self.capital[rows] = [capital_of(word) for word in new]
        self.is_everyday[rows] = [word in everyday() for word in new]


class _Pieces(dict[str, tuple[int, ...]]):
    """Caches the rows of a piece's words, since most pieces occur again."""

    def __init__(self, row: Callable[[str], int]) -> None:
        super().__init__()
        self._row = row

    def __missing__(self, piece: str) -> tuple[int, ...]:
        rows = tuple(map(self._row, words_in(piece)))
        if len(piece) <= _LONGEST_PIECE and "/" not in piece and piece[0] != "@":
            if len(self) >= _MOST_KNOWN:
                self.clear()
            self[piece] = rows
        return rows
