"""Turn the bytes of many texts into one letter per word (see words.py), in numpy columns.

Cumulative sums over the bytes give the edges of words, their case and their hashes. A table of the
lexicon's hashes turns these into letters. Words with a byte beyond ASCII are read one by one.
"""

import string
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from transforms.scoring.vader_rules.words import LAST_LETTER, Letters

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Hashes = NDArray[np.uint64]

_LOWER = 20
_UPPER = 40
_COUNT = (1 << 20) - 1


def _is_wordly(char: str) -> bool:
    return not (char.isspace() or char in string.punctuation)


def _counted(char: str) -> int:
    """Return counts for one sum: neither space nor punctuation, lower case, upper case."""
    return _is_wordly(char) | char.islower() << _LOWER | char.isupper() << _UPPER


_ASCII = [chr(code) for code in range(128)]
_SPACE = bytes(map(str.isspace, _ASCII)).ljust(256, b"\0")
_WORDLY = bytes(map(_is_wordly, _ASCII)).ljust(256, b"\1")
_COUNTED = np.array([*map(_counted, _ASCII), *[1] * 128], np.int64)


class _Known:
    """Known words, by a polynomial hash modulo 2**64 of their bytes in lower case.

    The hash replaces the word: another word passes for a known one with a chance of about 10**-15.
    """

    _BASE = 0x9E3779B97F4A7C15
    _SLOT_BITS = 16

    def __init__(self, known: dict[str, str], longest: int) -> None:
        self._values = np.random.default_rng(1).integers(1, 1 << 63, 256, np.uint64)
        self._values[ord("A") : ord("Z") + 1] = self._values[ord("a") : ord("z") + 1]
        self._powers, self._inverses = (
            _powers(base, longest) for base in (self._BASE, pow(self._BASE, -1, 1 << 64))
        )
        words = [word for word in known if word.isascii()]
        lengths = np.fromiter(map(len, words), np.int64, len(words))
        ends = np.cumsum(lengths) + 1
        index = np.frombuffer(f" {''.join(words)}".encode(), np.uint8).astype(np.int64)
        # Entry 0 stands for no word.
        self._hashes = np.append(np.uint64(0), self.hashes(index, ends - lengths, ends))
        self._letters = np.array([0, *(ord(known[word]) for word in words)])
        self._levels: list[NDArray[np.uint16]] = []
        rest = np.arange(1, len(words) + 1)
        # Words whose slot is taken are put into the next level, by other bits of their hash.
        while len(rest):
            table = np.zeros(1 << self._SLOT_BITS, np.uint16)
            slots, first = np.unique(
                self._slots(self._hashes[rest], len(self._levels)), return_index=True
            )
            table[slots] = rest[first]
            self._levels.append(table)
            rest = np.delete(rest, first)

    def hashes(self, index: Ints, starts: Ints, ends: Ints) -> Hashes:
        """Return the hash of each range of bytes; no range begins at 0."""
        sums = np.cumsum(self._values.take(index) * self._powers[: len(index)])
        hashes: Hashes = (sums[ends - 1] - sums[starts - 1]) * self._inverses[starts]
        return hashes

    def letters(self, hashes: Hashes, unknown: int) -> Ints:
        letters = np.full(len(hashes), unknown)
        maybe = np.flatnonzero(self._levels[0].take(self._slots(hashes, 0)) != 0)
        hashes = hashes[maybe]
        for level, table in enumerate(self._levels):
            entries = table[self._slots(hashes, level)]
            same = np.flatnonzero(self._hashes[entries] == hashes)
            letters[maybe[same]] = self._letters[entries[same]]
        return letters

    def _slots(self, hashes: Hashes, level: int) -> Ints:
        shift = np.uint64(64 - self._SLOT_BITS * (level + 1))
        return (hashes >> shift & np.uint64((1 << self._SLOT_BITS) - 1)).view(np.int64)


def _powers(base: int, count: int) -> Hashes:
    powers = np.ones(count, np.uint64)
    done = 1
    while done < count:
        more = min(done, count - done)
        powers[done : done + more] = powers[:more] * np.uint64(pow(base, done, 1 << 64))
        done += more
    return powers


class ByteReader:
    """Reads texts from one buffer, with a line end before each text and after the last."""

    def __init__(self, letters: Letters, longest: int) -> None:
        self._letter_of = letters.__getitem__
        self._known = _Known(letters.known, longest)
        self._plain = ord(letters.plain)
        self._negation = ord(letters.negation)
        self._upper = np.array([ord(chr(code).upper()[0]) for code in range(ord(LAST_LETTER) + 1)])

    def letters(self, raw: bytes, text_ends: Ints) -> tuple[Ints, Ints]:
        """Return the letters of all words, and the number of words of each text."""
        buffer = np.frombuffer(raw, np.uint8)
        space = np.frombuffer(raw.translate(_SPACE), np.bool_)
        edges = np.flatnonzero(space[1:] != space[:-1]) + 1
        starts = edges[::2]
        ends = edges[1::2]
        letters = self._ascii_letters(raw, buffer, starts, ends)
        bounds = np.searchsorted(starts, text_ends)
        foreign = np.flatnonzero(buffer > len(_ASCII) - 1)
        if len(foreign):
            which = np.unique(np.searchsorted(starts, foreign, "right") - 1)
            words = [
                raw[start:end]
                for start, end in zip(starts[which].tolist(), ends[which].tolist(), strict=True)
            ]
            letters, places = self._with_foreign(letters, which, words)
            bounds = places[bounds]
        return letters, np.diff(bounds, prepend=0)

    def count(self, raw: bytes, sign: str, text_ends: Ints) -> Ints:
        """Return how often each text has a character of ASCII."""
        places = np.flatnonzero(np.frombuffer(raw, np.uint8) == ord(sign))
        return np.bincount(np.searchsorted(text_ends, places), minlength=len(text_ends))

    def _ascii_letters(
        self, raw: bytes, buffer: NDArray[np.uint8], starts: Ints, ends: Ints
    ) -> Ints:
        index = buffer.astype(np.int64)
        counted = _COUNTED.take(index)
        # A position before all words, as the end is one after them, for words that are only
        # punctuation.
        counted[0] = 1
        sums = np.cumsum(counted)
        wordly = np.concatenate(
            ([0], np.flatnonzero(np.frombuffer(raw.translate(_WORDLY), np.bool_)), [len(raw)])
        )
        before = sums[starts - 1]
        until = sums[ends - 1]
        first = wordly[before & _COUNT]
        last = wordly[(until & _COUNT) - 1]
        # Punctuation around a word is dropped, unless two characters or less are left: then the
        # word may be an emoticon.
        is_word = last - first > 1
        hashes = self._known.hashes(
            index, np.where(is_word, first, starts), np.where(is_word, last + 1, ends)
        )
        letters = self._known.letters(hashes, self._plain)
        quotes = np.flatnonzero(buffer == ord("'"))
        quotes = quotes[
            (buffer[quotes - 1] | 32 == ord("n")) & (buffer[quotes + 1] | 32 == ord("t"))
        ]
        negating = np.searchsorted(starts, quotes, "right") - 1
        letters[negating[letters[negating] == self._plain]] = self._negation
        inside = until - before
        loud = np.flatnonzero((inside >= 1 << _UPPER) & (inside & _COUNT << _LOWER == 0))
        letters[loud] = self._upper[letters[loud]]
        return letters

    def _with_foreign(
        self, letters: Ints, which: Ints, words: Sequence[bytes]
    ) -> tuple[Ints, Ints]:
        """Add the letters of words beyond ASCII; return the new position of each old letter.

        Emoji are replaced by words, and there are spaces beyond ASCII, so such a word may give any
        number of letters.
        """
        spelled = [
            "".join(map(self._letter_of, word.decode("utf-8", "surrogatepass").split()))
            for word in words
        ]
        lengths = np.ones(len(letters), np.int64)
        lengths[which] = [len(word_letters) for word_letters in spelled]
        is_foreign = np.zeros(len(letters), np.bool_)
        is_foreign[which] = True
        opened = np.repeat(letters, lengths)
        opened[np.repeat(is_foreign, lengths)] = np.frombuffer(
            "".join(spelled).encode("utf-16-le"), "<u2"
        )
        return opened, np.append(0, np.cumsum(lengths))
