"""Replace characters that mislead VADER's rules, for vader-plus.

Each step is here for a figure that it moves (docs/evidence/sentiment.md); steps that moved none, or
down, are not: taking hashtags apart, curly double quotes, words with letters drawn out.
`NORMALISER_VERSION` rises with every change.
"""

import html
import math
import re

NORMALISER_VERSION = "1"
LONG_CHARS = (
    300  # more than a tweet; below three sentences or so the whole text does as well as its parts
)
MOST_PARTS = 500  # of a text: beyond it neighbours are scored together, so that the work is bounded

_CHARACTERS = str.maketrans(
    {
        "\u2018": "'",
        "\u2019": "'",
        "\u02bc": "'",  # VADER knows "isn't" with a straight apostrophe alone
        # it asks for an emoji, after which VADER no longer knows the heart before it
        "\ufe0f": None,
    }
)
_LINK = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)
_HANDLE = re.compile(r"(?<![\w@/])@\w[\w.@-]*")  # "@lucky" is no luck
_LIKE = re.compile(r"\blike\b", re.IGNORECASE)
# Before "like" these make it a verb. Elsewhere it compares ("looks like", "things like that"),
# which says nothing.
_WHO_LIKES = frozenset(
    {
        "i",
        "you",
        "we",
        "they",
        "who",
        "people",
        "to",
        "would",
        "i'd",
        "you'd",
        "we'd",
        "they'd",
        "do",
        "does",
        "did",
        "don't",
        "dont",
        "doesn't",
        "didn't",
        "will",
        "might",
        "may",
        "not",
        "never",
        "really",
        "also",
        "actually",
        "still",
        "personally",
        "always",
    }
)
_LONGEST_WHO = 12  # characters, with the space after it
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[^\s.!?])|\n\s*")


def normalise(text: str) -> str:
    """Return the text as VADER should read it."""
    return _LIKE.sub(_like_or_as, cleaned(text))


def cleaned(text: str) -> str:
    """Return the author's own words, in the characters that lexicons know."""
    if "&" in text:
        text = html.unescape(text)
    if not text.isascii():
        text = text.translate(_CHARACTERS)
    if "@" in text:
        text = _HANDLE.sub(" ", text)
    if "://" in text or "www." in text:
        text = _LINK.sub(" ", text)
    return text


def sentences(text: str) -> list[str]:
    """Return the parts that are scored on their own: one, if the text is not long."""
    if len(text) <= LONG_CHARS:
        return [text]
    parts = _SENTENCE_END.split(text.strip())
    if len(parts) <= MOST_PARTS:
        return parts
    together = math.ceil(len(parts) / MOST_PARTS)
    return [" ".join(parts[start : start + together]) for start in range(0, len(parts), together)]


def _like_or_as(match: re.Match[str]) -> str:
    start = match.start()
    before = match.string[max(0, start - _LONGEST_WHO) : start].split()
    if before and before[-1].lower() in _WHO_LIKES:
        return match[0]
    # a word for a word: capitals count, and so does where a word stands
    return "AS" if match[0].isupper() else "as"
