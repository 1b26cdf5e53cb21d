"""Compute the model's features as positions in hashed weights, from which no word can be read."""

import re
import unicodedata
import zlib
from collections.abc import Iterator
from functools import cache
from importlib.resources import files

import numpy as np
import numpy.typing as npt

from foundation.words import composed
from transforms.pii.persons.tokens import EDGE

BITS = 18
# One more weight follows, which is always 0: the position of absent features.
SIZE = 1 << BITS
OFFSETS = (0, -1, 1, -2, 2)  # in words; the word itself comes first
OWN = 34  # features of a word at its own position
NEAR = 5  # of these, the features that its neighbours see too

Slots = npt.NDArray[np.int64]
Hashes = npt.NDArray[np.uint64]
_ODD = np.array(
    [(0x9E3779B97F4A7C15 + 2 * 0x51ED270B * n) % 2**64 for n in range(64)], dtype=np.uint64
) | np.uint64(1)
_HUMP = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+")
_STIRRER, _STIR, _HALF, _REST = map(np.uint64, (0xBF58476D1CE4E5B9, 29, 32, 64 - BITS))
_LONG = 24
_MANY_HUMPS = 4
_MANY_GRAMS = 12
_LOUD = 0.6  # the share of a text's words from which on capitals say nothing


def slots_of(hashes: Hashes, salt: int) -> Slots:
    """Return the positions in the weights of these hashes; each salt gives others."""
    slots: Slots = ((hashes * _ODD[salt]) >> _REST).view(np.int64)
    return slots


def hash_of(feature: str) -> int:
    """Return a hash of 64 bits, which is the same on every machine."""
    raw = feature.encode("utf-8", "surrogatepass")
    return zlib.crc32(raw) << 32 | zlib.crc32(raw, 0x5BD1E995)


def described(word: str) -> tuple[list[str], str, str]:
    """Return a word's features, its shape and its class of name.

    Neighbours see the first NEAR features too.
    """
    if not word.lstrip("#")[:1].isalpha():
        sign = word if word[0] == "<" and len(word) >= len(EDGE) - 1 else word[:3]
        return [f"l{sign}"], sign, "-"
    tag = "#" if word[0] == "#" else ""
    bare = composed(word.lstrip("#"))[:_LONG]  # composed accents, as in training
    low = bare.lower()
    shape = tag + _shape(bare)
    kind = _kind(low) + tag
    near = [f"l{low}", f"s{shape}", f"g{kind}{shape}", f"x{low[-3:]}", f"g{kind}"]
    own = [f"x{low[-n:]}" for n in (1, 2, 4) if len(low) > n] + [
        f"p{low[:n]}" for n in (1, 2, 3, 4) if len(low) > n
    ]
    own += [
        f"w{bare}",
        f"n{min(len(bare), 9)}{shape}",
        f"x{low[-2:]}{shape}",
        f"x{low[-3:]}{shape}",
    ]
    if tag or len(shape) > 2:  # noqa: PLR2004  # a capital inside
        humps = [hump.lower() for hump in _HUMP.findall(bare)[:_MANY_HUMPS]]
        own += [f"h{hump}" for hump in humps]
        own += [
            "k" + "".join(sorted({_kind(hump) for hump in humps})),
            f"q{_joined(low)}{shape[:2]}",
        ]
    own += [f"t{low[at : at + 3]}" for at in range(min(len(low) - 2, _MANY_GRAMS))]
    return (near + own)[:OWN], shape, kind + ("A" if bare[0].isupper() else "a")


def pairs(low: Hashes, shape: Hashes, kind: Hashes, modes: Hashes, echo: Hashes) -> Iterator[Slots]:
    """Yield the positions of features of several words: for each feature an array over all words.

    Args:
        low: hashes of the words in small letters.
        shape: hashes of their shapes.
        kind: hashes of their classes of name.
        modes: how the text of each word uses capitals.
        echo: 1 if an account name in the text contains the word.
    """
    low_, kind_, modes_, echo_ = map(_stirred, (low, kind, modes, echo))
    back = _shift(low, -1)
    ahead = _shift(low, 1)
    ahead_2 = _shift(low, 2)
    back_ = _shift(low_, -1)
    ahead_ = _shift(low_, 1)
    back_kind_ = _shift(kind_, -1)
    ahead_kind = _shift(kind, 1)
    combined = (
        (back_, shape),
        (ahead_, shape),
        (low_, back),
        (low_, ahead),
        (_stirred(_shift(shape, -1)), shape, _shift(shape, 1)),
        (back_kind_, kind),
        (kind_, ahead_kind),
        (back_kind_, kind, ahead_kind),
        (back_, ahead, shape),
        (_shift(low_, -2), back, shape),
        (modes_, kind),
        (modes_, back, shape),
        (back_, kind),
        (ahead_, kind),
        (ahead_, ahead_2, shape),
        (modes_, low),
        (echo_, kind),
        (echo_, modes, shape),
    )
    for salt, (stirred, *others) in enumerate(combined, start=len(OFFSETS)):
        mixed = stirred + others[0]
        for other in others[1:]:
            mixed = _stirred(mixed) + other
        mixed ^= mixed >> _HALF
        mixed *= _ODD[salt]
        mixed >>= _REST
        yield mixed.view(np.int64)


def modes_of(capital: Slots, firsts: list[int]) -> Hashes:
    """Return how each word's text uses capitals: none, as usual, mostly, everywhere."""
    bounds = np.array([0, *firsts[1:]])
    letters = np.maximum(np.add.reduceat((capital > 0).astype(np.int64), bounds[:-1]), 1)
    begun = np.add.reduceat((capital > 1).astype(np.int64), bounds[:-1]) / letters
    loud = np.add.reduceat((capital == 3).astype(np.int64), bounds[:-1]) / letters  # noqa: PLR2004  # all capitals
    mode = np.where(loud > _LOUD, 4, np.where(begun > _LOUD, 3, np.where(begun > 0, 2, 1)))
    return np.repeat(mode, np.diff(bounds)).astype(np.uint64)


@cache
def listed(name: str) -> list[str]:
    """Return the words of one of our lists."""
    return (files("transforms.pii.persons") / name).read_text("utf-8").split()


@cache
def everyday() -> frozenset[str]:
    """Return the names that are everyday words as well."""
    return frozenset(listed("everyday.txt"))


@cache
def _names() -> tuple[frozenset[str], frozenset[str]]:
    """Return given and family names in small letters, with and without accents."""
    given, family = (
        frozenset(names) | {_unaccented(word) for word in names}
        for names in map(listed, ("given.txt", "family.txt"))
    )
    return given, family


def _unaccented(word: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFD", word) if not unicodedata.combining(c))


def _kind(low: str) -> str:
    """Return a code for the lists that have the word."""
    given, family = _names()
    kind = ("G" if low in given else "") + ("F" if low in family else "")
    if not kind and "-" in low and any(part in given for part in low.split("-")):
        return "H"
    return kind or "-"


def _joined(low: str) -> str:
    """Return how long a given name at the start and a family name at the end of a word are."""
    given, family = _names()
    starts = next((n for n in range(min(len(low), 10), 2, -1) if low[:n] in given), 0)
    ends = next((n for n in range(min(len(low), 12), 2, -1) if low[-n:] in family), 0)
    return f"{min(starts, 6)}{min(ends, 6)}{starts + ends >= len(low)}"


def _shape(word: str) -> str:
    """Return the word's shape, with X and x for its letters; a single letter gives Y or y."""
    if len(word) == 1:
        return "Y" if word.isupper() else "y" if word.islower() else "o"
    if word.islower():
        return "x"
    if word.isupper():
        return "XX" if len(word) > 2 else "X2"  # noqa: PLR2004  # USA, but also AJ
    if word[0].isupper() and word[1:].islower():
        return "Xx"
    runs: list[str] = []
    for char in word:
        kind = "X" if char.isupper() else "x" if char.islower() else "-" if char == "-" else "o"
        if not runs or runs[-1] != kind:
            runs.append(kind)
    return "".join(runs[:5])


def capital_of(word: str) -> int:
    """Return how a word uses capitals.

    -1 is an edge, 0 no letters, 1 small letters, 2 a capital first, 3 all capitals.
    """
    if not word[0].isalpha():
        return -1 if word == EDGE else 0
    return 3 if word.isupper() and len(word) > 1 else 1 + word[0].isupper()


def _stirred(values: Hashes) -> Hashes:
    return (values ^ (values >> _STIR)) * _STIRRER


def _shift(values: Hashes, by: int) -> Hashes:
    """Return for each word the value `by` words further on; edges separate the texts."""
    return np.concatenate((values[by:], values[:by]))
