"""Apply VADER to many texts at once, in numpy columns over their bytes.

Python takes 100 ns to make a string of a word and look it up, and a stream always brings new words,
which no cache has. Here a word stays a range of bytes (`tokens.py`) and becomes a letter
(`words.py`); rules run only where neighbours matter. Sums are `bincount`s, which add in the order
of the words, as the package does; numpy's own sums do not.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from transforms.scoring.vader_rules.tokens import ByteReader, Floats, Ints
from transforms.scoring.vader_rules.words import (
    LAST_LETTER,
    PHRASES,
    Kind,
    Letters,
    Valences,
    emphasis,
    turned,
)

_BLANK = ord(" ")
# The properties of a letter that rules test, as bits. Then follow one bit for each phrase that the
# letter begins, and one for each that it continues.
_SCORED, _LOUD, _ACTIVE, _NO, _BUT = (1 << bit for bit in range(5))
_BEGINS = 5
_GOES_ON = 5 + len(PHRASES)
_NEAR_TIE = 1e-6  # far above the error of a product, and far below the step of a digit
_EMPHASIS = np.array([[emphasis(marks, asked) for asked in range(5)] for marks in range(5)])


class Columns:
    """Computes the figures of a chunk of texts, of at most `longest` bytes in UTF-8.

    A line end stands before each text and after the last.
    """

    def __init__(
        self, letters: Letters, valences: Valences, shouted: list[str], longest: int
    ) -> None:
        self._valence_of = valences.__getitem__
        self._shouted = shouted
        self._reader = ByteReader(letters, longest)
        kinds = letters.kinds
        self._traits = _column({letter: _traits(kind) for letter, kind in kinds.items()})
        self._lower = _column({letter: ord(letter.lower()) for letter in (*kinds, " ")})
        scored = [letter for letter, kind in kinds.items() if kind.valence is not None]
        self._alone = np.zeros(len(self._traits))
        self._alone[[ord(letter) for letter in scored]] = [
            valences[f"   {letter}  "] for letter in scored
        ]
        inert = next(letter for letter in scored if not kinds[letter].name)
        nearby = {
            letter: ord(_nearby(letter, kind, letters.plain, inert))
            for letter, kind in kinds.items()
        }
        self._nearby = _column({**nearby, " ": _BLANK})

    def figures(self, texts: Sequence[str]) -> tuple[Floats, Floats, Floats, Floats]:
        """Return the columns neg, neu, pos and compound, one value per text."""
        parts = [text.encode("utf-8", "surrogatepass") for text in texts]
        raw = b"\n%b\n" % b"\n".join(parts)
        ends = np.cumsum(np.fromiter(map(len, parts), np.int64, len(parts)) + 1)
        letters, words = self._reader.letters(raw, ends)
        marks = self._reader.count(raw, "!", ends)
        asked = self._reader.count(raw, "?", ends)
        if any(key.encode() in raw for key in self._shouted):
            marks += [sum(map(text.count, self._shouted)) for text in texts]
        valences, owners = self._scored(letters, words)
        return _figures(
            valences, owners, words, _EMPHASIS[np.minimum(marks, 4), np.minimum(asked, 4)]
        )

    def _scored(self, letters: Ints, words: Ints) -> tuple[Floats, Ints]:
        """Return each scored word's contribution, and the index of its text."""
        numbers = np.arange(len(words))
        # Three blanks stand before each text and at the end.
        padded = np.full(len(letters) + 3 * (len(words) + 1), _BLANK)
        padded[np.arange(len(letters)) + np.repeat(3 * (numbers + 1), words)] = letters
        texts = np.repeat(numbers, words + 3)
        traits = self._traits.take(padded)
        loud = np.bincount(texts[np.flatnonzero(traits & _LOUD != 0)], minlength=len(words))
        for text in np.flatnonzero((loud == words) & (loud > 0)).tolist():
            # Capitals only count if some of the words are not in capitals.
            low, high = np.searchsorted(texts, [text, text + 1]).tolist()
            padded[low:high] = self._lower[padded[low:high]]
        places = np.flatnonzero(traits & _SCORED != 0)
        valences = self._valences(padded, traits, places)
        owners = texts[places]
        buts = np.flatnonzero(traits & _BUT != 0)
        if len(buts) and len(places):
            _turn(valences, places, owners, buts, texts[buts])
        return valences, owners

    def _valences(self, padded: Ints, traits: Ints, at: Ints) -> Floats:
        """Return each scored word's contribution before "but": by itself, or by the rules."""
        valences: Floats = self._alone.take(padded[at])
        phrases = np.zeros(len(padded), np.bool_)
        phrases[:-1] = (traits[:-1] >> _BEGINS) & (traits[1:] >> _GOES_ON) & (
            (1 << len(PHRASES)) - 1
        ) != 0
        phrased = (
            phrases[at]
            | phrases[at - 1]
            | phrases[at - 2]
            | phrases[at - 3]
            | (traits[at] & _NO != 0)
        )
        near = np.flatnonzero(
            phrased | ((traits[at - 1] | traits[at - 2] | traits[at - 3]) & _ACTIVE != 0)
        )
        windows = padded[at[near, None] + np.arange(-3, 3)]
        # Outside phrases the next words do not count, nor do most words before; replacing them
        # makes fewer different windows.
        simple = np.flatnonzero(~phrased[near])
        windows[simple, :3] = self._nearby[windows[simple, :3]]
        windows[simple, 4:] = _BLANK
        keys = windows.astype("<u2").tobytes().decode("utf-16-le")
        valences[near] = [self._valence_of(keys[key : key + 6]) for key in range(0, len(keys), 6)]
        return valences


def _column(values: Mapping[str, int]) -> Ints:
    """Return an array that is indexed by a letter's code point."""
    column = np.zeros(ord(LAST_LETTER) + 1, np.int64)
    for letter, value in values.items():
        column[ord(letter)] = value
    return column


def _is_active(kind: Kind) -> bool:
    """Return whether a rule uses the word if it precedes a scored one.

    This concerns the word by itself, not in a phrase or beside another active word.
    """
    return kind.name in ("no", "this", "least") or (
        kind.valence is None and bool(kind.boost or kind.negates)
    )


def _traits(kind: Kind) -> int:
    begins = sum(1 << bit for bit, phrase in enumerate(PHRASES) if phrase[0] == kind.name)
    goes_on = sum(1 << bit for bit, phrase in enumerate(PHRASES) if phrase[1] == kind.name)
    flags = _SCORED * (kind.valence is not None) | _LOUD * kind.loud | _ACTIVE * _is_active(kind)
    return (
        flags
        | _NO * (kind.name == "no")
        | _BUT * (kind.name == "but")
        | begins << _BEGINS
        | goes_on << _GOES_ON
    )


def _nearby(letter: str, kind: Kind, plain: str, inert: str) -> str:
    """Return the letter that replaces this one before a scored word, outside phrases."""
    if _is_active(kind) or kind.name in ("or", "nor", "at", "doubt"):
        return letter if kind.boost else letter.lower()
    return plain if kind.valence is None else inert


def _turn(valences: Floats, places: Ints, owners: Ints, buts: Ints, but_owners: Ints) -> None:
    """Apply "but" to the texts that contain it, from its first position on."""
    first_but = np.full(max(owners[-1], but_owners[-1]) + 1, -1)
    first_but[but_owners[::-1]] = buts[::-1]
    inside = np.flatnonzero(first_but[owners] >= 0)
    texts = owners[inside]
    before = valences[inside]
    after = before * np.where(places[inside] < first_but[texts], 0.5, 1.5)
    valences[inside] = after
    # As in turned(): the package's search only goes wrong if a changed value equals an unchanged
    # one of its text.
    for text in np.unique(texts[np.isin(texts + 1j * after, texts + 1j * before)]).tolist():
        low, high = np.searchsorted(owners, [text, text + 1]).tolist()
        unchanged = before[texts == text].tolist()
        valences[low:high] = turned(unchanged, places[low:high].tolist(), int(first_but[text]))


def _figures(
    valences: Floats, owners: Ints, words: Ints, raised: Floats
) -> tuple[Floats, Floats, Floats, Floats]:
    def added(values: Floats) -> Floats:
        # Without values bincount returns integers.
        return np.bincount(owners, values, len(words)).astype(np.float64, copy=False)

    total = added(valences)
    positive = added(np.where(valences > 0, valences + 1, 0.0))
    negative = added(np.where(valences < 0, 1 - valences, 0.0))
    neutral = words - added((valences != 0).astype(np.float64))
    total += np.sign(total) * raised
    leads = positive > negative
    trails = positive < negative
    positive += leads * raised
    negative += trails * raised
    whole = np.where(words == 0, 1.0, positive + negative + neutral)
    compound = total / np.sqrt(total * total + 15)
    neg, neu, pos = (_rounded(part / whole, 3) for part in (negative, neutral, positive))
    return neg, neu, pos, _rounded(compound, 4)


def _rounded(figures: Floats, digits: int) -> Floats:
    """Round like round(), which numpy does not: near a tie, call round()."""
    scale = 10.0**digits
    scaled = figures * scale
    nearest = np.rint(scaled)
    rounded: Floats = nearest / scale
    for tie in np.flatnonzero(np.abs(np.abs(scaled - nearest) - 0.5) < _NEAR_TIE).tolist():
        rounded[tie] = round(float(figures[tie]), digits)
    return rounded
