"""Text → words, as the model of names sees them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

_TOKEN = re.compile(
    r"(?:https?://|www\.)\S+|[@\uff20]\w+|<[A-Z_]{2,12}>"  # links, accounts, placeholders
    r"|#?[^\W\d_]+(?:(?:-|['\u2019](?=[A-Z]))[^\W\d_]+)*|\d[\d.,:/]*|\n\s*|[^\w\s]+|_"
)
URL, USER, NUMBER, LINE, EDGE = "<url>", "<user>", "<number>", "<line>", "<edge>"
SPECIAL = (EDGE, LINE, URL, USER)  # never part of a name
_LINKS = ("http://", "https://", "www.")
_LONGEST = 32  # characters by which a word is known
_USERS = re.compile(r"[@\uff20](\w+)")
_LEAST_ECHO = 4
_MOST_USERS = 1000  # characters of all account names together, so that time stays linear


@dataclass(frozen=True, slots=True)
class Words:
    """The words of several texts, in one list; two edges stand before each text and two after the last.

    Attributes:
        words: as written; links, accounts, numbers and line ends by their class.
        firsts: the place of each text's first word, and where the next one's would be.
    """

    words: list[str]
    firsts: list[int]


def words_of(texts: Sequence[str]) -> Words:
    """The words of the texts."""
    words: list[str] = []
    firsts: list[int] = []
    for text in texts:
        words += (EDGE, EDGE)
        firsts.append(len(words))
        found = _TOKEN.findall(text)
        if "://" in text or "www." in text:
            found = [URL if word.startswith(_LINKS) else word for word in found]
        words += [word[:_LONGEST] if word[0].isalpha() else _classed(word) for word in found]
    words += (EDGE, EDGE)
    return Words(words, [*firsts, len(words)])


def places_of(text: str) -> list[tuple[int, int]]:
    """Where each word of the text is, in characters."""
    return [match.span() for match in _TOKEN.finditer(text)]


def echoes(texts: Sequence[str], words: Words) -> npt.NDArray[np.uint64]:
    """1 for each word that an account named in its text has in its name: "@HuntersGumbo … Hunter"."""
    found = np.zeros(len(words.words), dtype=np.uint64)
    for number, text in enumerate(texts):
        if "@" not in text:
            continue
        users = " ".join(dict.fromkeys(_USERS.findall(text)))[:_MOST_USERS].lower()
        for at in range(words.firsts[number], words.firsts[number + 1] - 2):
            word = words.words[at]
            if len(word) >= _LEAST_ECHO and word[0] != "<" and word.lstrip("#").lower() in users:
                found[at] = 1
    return found


def _classed(word: str) -> str:
    first = word[0]
    if first == "#":
        return word[:_LONGEST]
    if first.isdigit():
        return NUMBER
    if first == "\n":
        return LINE
    if first in "@\uff20" and len(word) > 1 and (word[1].isalnum() or word[1] == "_"):
        return USER
    if first == "<":
        return URL if word == URL else USER if word[1:2].isupper() else word[:_LONGEST]
    return word[:_LONGEST]
