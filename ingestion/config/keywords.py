"""Parse the keywords that a user watches for, and find them in the texts of posts."""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from foundation.errors import UsageError

_TERM = re.compile(r'\s*(?:"(?P<phrase>[^"]*)"|(?P<word>[^\s"]+))')
_OPERATORS = {"AND", "NOT"}
_SYNTAX = re.compile(r"^[-(]|[()*]|^(NEAR|ONEAR)/")
_REMEDY = 'Write words and "quoted phrases" with OR between them: coffee OR "cold brew"'
# These scripts have no spaces between words, so a keyword may stand inside a longer run.
_WITHOUT_SPACES = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff\u3400-\u9fff\uf900-\ufaff]"
)


def parse_keywords(text: str) -> tuple[str, ...]:
    """Convert `coffee OR "cold brew"` to its words and phrases.

    Raises:
        UsageError: the text has another operator, or two terms with nothing between them.
    """
    keywords: list[str] = []
    wants_term = True
    rest = text.strip()
    while rest:
        term = _TERM.match(rest)
        if term is None:
            raise UsageError("a quotation mark is not closed", remedy=_REMEDY)
        rest = rest[term.end() :].lstrip()
        word = term["word"]
        if word == "OR" and not wants_term:
            wants_term = True
            continue
        if not wants_term or word == "OR":
            raise UsageError(
                f"an OR is missing or one too many before {term[0].strip()}", remedy=_REMEDY
            )
        if word is not None and (word in _OPERATORS or _SYNTAX.search(word)):
            raise UsageError(f"{word} is not supported in keywords", remedy=_REMEDY)
        keywords.append(word or " ".join(term["phrase"].split()))
        wants_term = False
    if wants_term or not all(keywords):
        raise UsageError("the keywords lack a word or phrase", remedy=_REMEDY)
    return tuple(keywords)


def contains_any(keywords: tuple[str, ...], texts: Iterable[str | None]) -> bool:
    """Return whether one of the texts contains a keyword, as a whole word and in any case."""
    pattern = _pattern(keywords)
    return any(pattern.search(_folded(text)) for text in texts if text)


@lru_cache(maxsize=64)
def _pattern(keywords: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(_whole_word(_folded(keyword)) for keyword in keywords))


def _whole_word(keyword: str) -> str:
    """Return a pattern that finds `art` in "modern art.", but not in "party" or "arts"."""
    before = r"(?<!\w)" if _has_boundary(keyword[0]) else ""
    after = r"(?!\w)" if _has_boundary(keyword[-1]) else ""
    words = r"\s+".join(re.escape(word) for word in keyword.split())
    return before + words + after


def _has_boundary(character: str) -> bool:
    return bool(re.match(r"\w", character)) and not _WITHOUT_SPACES.match(character)


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()
