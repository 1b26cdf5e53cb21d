"""Split texts into words, as the model of names reads them."""

import re
import unicodedata
from itertools import islice

from foundation.words import word_pattern

_LETTERS = word_pattern(r"[^\W\d_]")
_TOKEN = re.compile(
    # links, accounts, placeholders
    rf"(?:https?://|www\.)\S+|[@\uff20]{word_pattern()}|<[A-Z_]{{2,12}}>"
    rf"|#?{_LETTERS}(?:(?:-|['\u2019](?=[A-Z])){_LETTERS})*+|\d[\d.,:/]*|\n\s*|[^\w\s]+|_"
)
URL = "<url>"
USER = "<user>"
NUMBER = "<number>"
LINE = "<line>"
EDGE = "<edge>"
SPECIAL = (EDGE, LINE, URL, USER)  # never part of a name
_LINKS = ("http://", "https://", "www.")
_LONGEST = 32  # characters of a word that count
_USERS = re.compile(rf"[@\uff20]({word_pattern()})")
_LEAST_ECHO = 4
_MOST_USERS = 1000  # characters of all account names of a text, so that time stays linear
_PIECES = re.compile(r"\n\s*|\S+")


def pieces_of(text: str) -> list[str]:
    """Return the text split at white space, which no word crosses; a line end is a piece."""
    if "\n" not in text:
        return text.split()
    return ["\n" if piece[0] == "\n" else piece for piece in _PIECES.findall(text)]


def words_in(piece: str) -> list[str]:
    """Return the words of a piece as written; links, accounts, numbers, line ends by class."""
    return [_classed(word) for word in _TOKEN.findall(piece)]


def bounds_of(text: str, count: int | None = None) -> list[tuple[int, int]]:
    """Return start and end in characters of the text's first `count` words, or of all."""
    return [match.span() for match in islice(_TOKEN.finditer(text), count)]


def users_in(text: str) -> str:
    """Return the account names in a text, in small letters, separated by spaces."""
    return (
        " ".join(dict.fromkeys(_USERS.findall(text)))[:_MOST_USERS].lower() if "@" in text else ""
    )


def echo_of(word: str) -> str:
    """Return the part of a word that an account name may contain: "@HuntersGumbo … Hunter"."""
    return word.lstrip("#").lower() if len(word) >= _LEAST_ECHO and word[0] != "<" else ""


def _classed(word: str) -> str:
    first = word[0]
    if first.isalpha():
        return URL if word.startswith(_LINKS) else word[:_LONGEST]
    if first.isdigit():
        return NUMBER
    if first == "\n":
        return LINE
    if first == "<" and word[1:2].isupper():  # a placeholder of the sanitizer
        return USER
    if not first.isascii() and unicodedata.category(first) == "So":
        return EDGE  # like a text's start or end: an emoji says nothing about names beside it
    is_user = first in "@\uff20" and len(word) > 1 and (word[1].isalnum() or word[1] == "_")
    return USER if is_user else word[:_LONGEST]
