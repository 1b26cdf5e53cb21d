"""Replace characters that mislead VADER's rules, for vader-plus.

Each step improves a figure (docs/evidence/sentiment.md). Steps without a gain are left out:
splitting hashtags, curly double quotes, words with drawn-out letters. Raise `NORMALISER_VERSION`
with every change.
"""

import html
import math
import re

NORMALISER_VERSION = "1"
# More than a tweet. In shorter texts, of up to about three sentences, scoring the parts gains
# nothing.
LONG_CHARS = 300
# Beyond this number of parts, neighbours are scored together, so that the work is bounded.
MOST_PARTS = 500

_CHARACTERS = str.maketrans(
    {
        "\u2018": "'",
        "\u2019": "'",
        "\u02bc": "'",  # VADER knows "isn't" only with a straight apostrophe
        # The variation selector asks for an emoji; after it VADER does not know the heart before.
        "\ufe0f": None,
    }
)
_LINK = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)
_HANDLE = re.compile(r"(?<![\w@/])@\w[\w.@-]*")  # "@lucky" is no luck
_LIKE = re.compile(r"\blike\b", re.IGNORECASE)
# After one of these, "like" is a verb. Elsewhere it compares ("looks like", "things like that") and
# carries no sentiment.
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
    """Return the text as VADER should read it.

    >>> normalise("It looks like rain")
    'It looks as rain'
    """
    return _LIKE.sub(_like_or_as, cleaned(text))


def cleaned(text: str) -> str:
    """Return the author's own words, in characters that lexicons know."""
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
    """Return the parts of a text that are scored separately; a short text is one part."""
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
    # One word for one word, because capitals and positions count.
    return "AS" if match[0].isupper() else "as"
