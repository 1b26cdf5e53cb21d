"""Find strings that name a person in this very post: author's handle and name, and mentions."""

import re
import unicodedata
from collections.abc import Iterable

from foundation.words import MARK, word_pattern
from transforms.pii.normalise import normalise
from transforms.pii.spans import Span

_LEAST = 3  # characters of a name; shorter names are too often ordinary words
_LEAST_WIDE = 2  # in scripts that write a name with two characters
_MOST = 200  # characters of a name
# scripts without spaces between words
_WIDE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3\uf900-\ufaff]")
_ENDINGS = r"(?:['\u2019\u00b4`]?s|['\u2019])?"
_GENITIVE = re.compile(r"['\u2019\u00b4`]s(?!\w)")
_WORD = re.compile(word_pattern())
_CUT = re.compile(MARK)  # a match that begins or ends inside a word
_FEW = 50  # names for which one expression is faster than a lookup of each word
_BETWEEN = re.compile(r"[\s_.\-]{1,8}")


def find_exact(text: str, exact: Iterable[str]) -> list[Span]:
    """Find the names in any case, with a genitive, and written as one word."""
    lowered = text.casefold()
    wanted = {
        form
        for name in exact
        if name
        for form in _forms(normalise(name).text.strip().lstrip("@").strip()[:_MOST])
        if all(part in lowered for part in _BETWEEN.split(form.casefold()))
    }
    spans: list[Span] = []
    if len(wanted) > _FEW:
        words = {form for form in wanted if _WORD.fullmatch(form) and not _WIDE.search(form)}
        spans = _as_words(text, {word.casefold() for word in words})
        wanted -= words
    if not wanted:
        return spans
    pattern = "|".join(_pattern(form) for form in sorted(wanted, key=len, reverse=True))
    matches = re.finditer(pattern, text, re.IGNORECASE)
    return spans + [Span(*m.span(), "PERSON") for m in matches if not _is_half(text, *m.span())]


def _is_half(text: str, start: int, end: int) -> bool:
    """Return whether a mark beside the match makes it half a word.

    It is checked afterwards, since the expressions of all names would be too long with it.
    """
    if text.isascii():
        return False
    return bool(_CUT.match(text, end) or (start and _CUT.match(text, start - 1)))


def _as_words(text: str, names: set[str]) -> list[Span]:
    """Find names of one word by a lookup, since an expression tries each name at each word."""
    spans = []
    for match in _WORD.finditer(text):
        word = match.group().casefold()
        if word in names or word.removesuffix("s") in names:
            ending = _GENITIVE.match(text, match.end())
            spans.append(Span(match.start(), ending.end() if ending else match.end(), "PERSON"))
    return spans


def _forms(name: str) -> set[str]:
    """Return the name, a handle without its server, and "Doe, Jane" for "Jane Doe"."""
    forms = {name}
    if "@" in name:
        forms.add(name.split("@", maxsplit=1)[0])
    if name.lower().endswith(".bsky.social"):
        forms.add(name[: -len(".bsky.social")])
    words = name.split()
    if len(words) in (2, 3):
        forms.add(f"{words[-1]}, {' '.join(words[:-1])}")
    # Name and text may write accents in different ways: as letters or as marks.
    if not name.isascii():
        forms |= {unicodedata.normalize(way, form) for form in forms for way in ("NFC", "NFD")}
    return {form for form in forms if len(form) >= (_LEAST_WIDE if _WIDE.search(form) else _LEAST)}


def _pattern(form: str) -> str:
    parts = [re.escape(part) for part in _BETWEEN.split(form) if part]
    body = r"[\s_.\-]{0,3}".join(parts) if parts else re.escape(form)
    if _WIDE.search(form):
        return f"(?:{body})"
    return rf"(?<!\w)(?:{body}){_ENDINGS}(?!\w)"
