"""Encode a text for VADER's rules as one letter per word, and compute each word's contribution.

The rules ignore most words. The others are of some 110 kinds: a valence, a booster, a negation, or
a word that a rule names. So a text becomes a string of one letter per word, by a cache from raw
word to letter; a word in capitals gives a capital letter. Words with a valence have letters from
U+0400 on, all others are ASCII. A word's contribution depends on three words before it and two
after it: these six letters are the key of a second cache.
"""

import hashlib
import string
from collections import defaultdict
from heapq import heappop, heappush
from importlib.metadata import version as installed_version
from typing import NamedTuple

from vaderSentiment.vaderSentiment import (
    BOOSTER_DICT,
    C_INCR,
    N_SCALAR,
    NEGATE,
    SPECIAL_CASES,
    SentimentIntensityAnalyzer,
)

FIRST_SCORED = "\u0400"
LAST_LETTER = "\u052f"
_MEMO_ENTRIES = 200_000
_MEMO_CHARACTERS = 40
_PUNCTUATION = string.punctuation
NEGATION: float = N_SCALAR
_CAPITALS: float = C_INCR
_BOOSTERS: dict[str, float] = BOOSTER_DICT
_IDIOMS: dict[str, float] = {phrase: float(valence) for phrase, valence in SPECIAL_CASES.items()}
PHRASES = tuple(phrase.split() for phrase in (*_IDIOMS, *_BOOSTERS) if " " in phrase)
_RULE_WORDS = (
    "no",
    "or",
    "nor",
    "kind",
    "of",
    "never",
    "so",
    "this",
    "without",
    "doubt",
    "least",
    "at",
    "very",
    "but",
)
_NAMED = {*_RULE_WORDS, *(word for phrase in PHRASES for word in phrase)}


def emphasis(marks: int, asked: int) -> float:
    """Return the value that exclamation and question marks add to the stronger side."""
    return min(marks, 4) * 0.292 + (0, 0, 2 * 0.18, 3 * 0.18, 0.96)[min(asked, 4)]


class Kind(NamedTuple):
    """The properties of a word that rules use; `valence` is None if the lexicon lacks the word."""

    name: str = ""
    valence: float | None = None
    boost: float = 0.0
    negates: bool = False
    loud: bool = False


class Tables:
    """Lexicon, emoji, boosters, negations and idioms of the installed package."""

    def __init__(self) -> None:
        analyzer = SentimentIntensityAnalyzer()
        self.lexicon: dict[str, float] = analyzer.lexicon
        # The package compares single characters, so longer keys never match.
        self.emoji: dict[str, str] = {
            key: text for key, text in analyzer.emojis.items() if len(key) == 1
        }
        # The descriptions of these emoji contain a "!", which counts like any other.
        self.shouted = [key for key, text in self.emoji.items() if "!" in text]
        tables = repr((self.lexicon, analyzer.emojis, NEGATE, _BOOSTERS, _IDIOMS))
        self.version = (
            f"{installed_version('vaderSentiment')}+"
            f"{hashlib.sha256(tables.encode()).hexdigest()[:8]}"
        )

    def known(self) -> dict[str, Kind]:
        """Return the kind of each lower-case word that has a meaning for the rules."""
        words = dict.fromkeys([*self.lexicon, *_BOOSTERS, *NEGATE, *sorted(_NAMED)])
        return {
            word: self._kind(word)
            for word in words
            if len(word.split()) == 1 and word == word.lower()
        }

    def _kind(self, word: str) -> Kind:
        name = word if word in _NAMED else ""
        valence = self.lexicon.get(word)
        if valence is None:
            return Kind(name, None, _BOOSTERS.get(word, 0.0), word in NEGATE or "n't" in word)
        return Kind(name, valence)


class Letters(dict[str, str]):
    """Maps a raw word to its letter, or to several if it has emoji; fills itself."""

    def __init__(self, tables: Tables) -> None:
        super().__init__()
        self.kinds: dict[str, Kind] = {}
        # The package puts a space before each emoji and none after it, so the text that follows is
        # joined to the description.
        self._opened = str.maketrans(
            {emoji: f" {description}" for emoji, description in tables.emoji.items()}
        )
        self._emoji = frozenset(tables.emoji)
        silent = iter(string.ascii_lowercase)
        scored = (chr(code) for code in range(0x430, ord(LAST_LETTER) + 1) if chr(code).islower())
        letter_of: dict[Kind, str] = {}

        def letter(kind: Kind) -> str:
            if kind not in letter_of:
                lower = next(silent if kind.valence is None else scored)
                letter_of[kind] = lower
                self.kinds |= {lower: kind, lower.upper(): kind._replace(loud=True)}
            return letter_of[kind]

        self.plain = letter(Kind())
        self.negation = letter(Kind(negates=True))
        self.known = {word: letter(kind) for word, kind in tables.known().items()}

    def __missing__(self, word: str) -> str:  # runs for each new word, so it is one function
        if not word.isascii() and not self._emoji.isdisjoint(word):
            if len(word) > 1 and self._emoji.issuperset(word):
                letters = "".join(map(self.__getitem__, word))
            else:
                letters = "".join(map(self.__getitem__, word.translate(self._opened).split()))
        else:
            stripped = word.strip(_PUNCTUATION)
            if len(stripped) <= 2:  # noqa: PLR2004  # it may be an emoticon
                stripped = word
            low = stripped.lower()
            letters = self.known.get(low) or (self.negation if "n't" in low else self.plain)
            if stripped.isupper():
                letters = letters.upper()
        if len(word) <= _MEMO_CHARACTERS:
            if len(self) >= _MEMO_ENTRIES:
                self.clear()
            self[word] = letters
        return letters


class Valences(dict[str, float]):
    """Maps six letters to a word's contribution; fills itself.

    The letters are those of three words before it, of the word, and of two after it; blank beyond
    the text.
    """

    def __init__(self, kinds: dict[str, Kind]) -> None:
        super().__init__()
        self._kinds = kinds | {" ": _NO_WORD}

    def __missing__(self, window: str) -> float:
        if len(self) >= _MEMO_ENTRIES:
            self.clear()
        self[window] = valence = _valence([self._kinds[letter] for letter in window])
        return valence


# Beyond the text. Its valence hides it from the rules for preceding words, like a lexicon word.
_NO_WORD = Kind(valence=0.0)
_MILD = frozenset({"so", "this"})


def _valence(window: list[Kind]) -> float:
    """Return a lexicon word's contribution; the rules are in the package's order."""
    third, second, first, word, after, later = window
    n3 = third.name
    n2 = second.name
    n1 = first.name
    if word.name == "kind" and after.name == "of":
        return 0.0
    valence = word.valence or 0.0
    if "no" in (n1, n2) or (n3 == "no" and n1 in ("or", "nor")):
        valence *= NEGATION
    elif word.name == "no" and after.valence is not None and after is not _NO_WORD:
        valence = 0.0
    if word.loud:
        valence += _CAPITALS if valence > 0 else -_CAPITALS
    raised = (n3 == "never" and n2 in _MILD) or n1 in _MILD
    doubtless = n3 == "without" and "doubt" in (n1, n2)
    valence = _after(first, valence, 1.0, is_raised=False, is_doubtless=False)
    valence = _after(
        second, valence, 0.95, n2 == "never" and n1 in _MILD, n2 == "without" and n1 == "doubt"
    )
    valence = _after(third, valence, 0.9, raised, doubtless)
    # An idiom counts from the fourth word on, and needs two adjacent words that occur in one.
    if third.valence is None and (
        (n1 and (n2 or word.name)) or (n2 and n3) or (word.name and after.name)
    ):
        valence = _idiom(valence, (n3, n2, n1), word.name, (after.name, later.name))
    if n1 == "least" and n2 not in ("at", "very"):
        valence *= NEGATION
    return valence


def _after(
    near: Kind, valence: float, damping: float, is_raised: bool, is_doubtless: bool
) -> float:
    """Apply a preceding word to a valence: a booster adds to it, a negation reverses it."""
    if near.valence is not None:
        return valence
    if near.boost:
        boost = -near.boost if valence < 0 else near.boost
        if near.loud:
            boost += _CAPITALS if valence > 0 else -_CAPITALS
        valence += boost * damping
    if is_raised:
        return valence * 1.25
    return valence * NEGATION if near.negates and not is_doubtless else valence


def _idiom(
    valence: float, before: tuple[str, str, str], word: str, after: tuple[str, str]
) -> float:
    """Apply idioms: an idiom replaces the valence, a later one wins, "sort of" adds to it."""
    n3, n2, n1 = before
    ending = (f"{n1} {word}", f"{n2} {n1} {word}", f"{n2} {n1}", f"{n3} {n2} {n1}", f"{n3} {n2}")
    valence = next((_IDIOMS[phrase] for phrase in ending if phrase in _IDIOMS), valence)
    valence = _IDIOMS.get(f"{word} {after[0]}", valence)
    valence = _IDIOMS.get(f"{word} {after[0]} {after[1]}", valence)
    for phrase in (f"{n3} {n2} {n1}", f"{n3} {n2}", f"{n2} {n1}"):
        valence += _BOOSTERS.get(phrase, 0.0)
    return valence


def turned(valences: list[float], places: list[int], but: int) -> list[float]:
    """Return the valences, halved before "but" and increased by half after it.

    The package finds each valence by its value in the list that it is changing. If a changed value
    equals a later one, the package finds and changes it again. If no changed value equals an
    unchanged one, this cannot happen. Otherwise heaps find the first holder of a value, as
    `list.index` would, but in linear time.
    """
    scales = [0.5 if place < but else 1.5 for place in places]
    changed = [valence * scale for valence, scale in zip(valences, scales, strict=True)]
    if set(changed).isdisjoint(valences):
        return changed
    holders: defaultdict[float, list[int]] = defaultdict(list)
    for index, valence in enumerate(valences):
        holders[valence].append(index)  # rising, so each list is a heap
    now = list(valences)
    for index in range(len(now)):
        first = heappop(holders[now[index]])
        now[first] *= scales[first]
        heappush(holders[now[first]], first)
    return now
