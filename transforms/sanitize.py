"""Removal of personal data from text: find spans, then put typed placeholders in their place.

First form: e-mail addresses, @handles and u/names, URLs that name a profile, and exact strings from the
post's own metadata. Every expression is bounded, so that its time is linear in the text.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

SANITIZER_VERSION = "1"

PiiType = Literal["EMAIL", "HANDLE", "PROFILE", "PERSON"]

_LETTER = "A-Za-zÀ-ÖØ-öø-ɏ"  # Latin only: other scripts write no space before an address
_EMAIL = re.compile(
    rf"[{_LETTER}0-9._%+\-]{{1,64}}@(?:[{_LETTER}0-9\-]{{1,63}}\.){{1,8}}[A-Za-z]{{2,24}}(?![A-Za-z0-9])"
)
_HANDLE = re.compile(
    r"(?<![\w@/.])@\w(?:[\w.\-]{0,62}\w)?(?:@\w(?:[\w.\-]{0,250}\w)?)?|(?<![\w/])/?u/[\w\-]{2,30}(?!\w)"
)
_PROFILE = re.compile(
    r"(?<![A-Za-z0-9_\-])(?:https?://)?(?:(?:www|old|new|m|mobile|web)\.)?(?:"
    r"reddit\.com/u(?:ser)?/[\w\-]{1,40}"
    r"|bsky\.app/profile/[\w.:\-]{1,260}"
    r"|(?:x|twitter)\.com/(?!i/|search\b|hashtag/)@?\w{1,30}"
    r"|facebook\.com/(?:profile\.php\?id=\d{1,20}|people/[\w.\-%]{1,100}(?:/\d{1,20})?)"
    r"|(?:facebook|instagram)\.com/(?!p/|reel/|groups/|events/|watch\b|explore/)@?[\w.]{1,60}"
    r"|linkedin\.com/in/[\w\-%]{1,120}"
    r"|news\.ycombinator\.com/user\?id=[\w\-]{1,40}"
    r")",
    re.IGNORECASE,
)
_FEDIVERSE_PROFILE = re.compile(r"https?://[a-z0-9.\-]{1,250}/@\w[\w.\-]{0,60}", re.IGNORECASE)
_MIN_EXACT = 3  # shorter names are ordinary words too often


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of the original text, in characters."""

    start: int
    end: int
    type: PiiType


def find(text: str, exact: Iterable[str] = ()) -> list[Span]:
    """Where the personal data is: sorted, without overlaps.

    Args:
        text: the text as posted.
        exact: strings that name a person in this very post: author's handle and name, mentions.
    """
    spans: list[Span] = []
    # One cheap look in front of each expression saves most of its cost on most posts.
    if "/" in text:
        spans += [Span(*m.span(), "PROFILE") for p in (_PROFILE, _FEDIVERSE_PROFILE) for m in p.finditer(text)]
    if "@" in text:
        spans += [Span(*m.span(), "EMAIL") for m in _EMAIL.finditer(text)]
    if "@" in text or "u/" in text:
        spans += [Span(*m.span(), "HANDLE") for m in _HANDLE.finditer(text)]
    spans += _find_exact(text, exact)
    return _without_overlaps(spans)


def redact(text: str, spans: list[Span]) -> str:
    """The text with `<TYPE>` in place of each span."""
    if not spans:
        return text
    parts, at = [], 0
    for span in spans:
        parts += [text[at : span.start], f"<{span.type}>"]
        at = span.end
    return "".join([*parts, text[at:]])


def _find_exact(text: str, exact: Iterable[str]) -> list[Span]:
    names = {name.lstrip("@").strip() for name in exact if name}
    lowered = text.lower()
    wanted = [name for name in names if len(name) >= _MIN_EXACT and name.lower() in lowered]
    if not wanted:
        return []
    pattern = "|".join(re.escape(name) for name in sorted(wanted, key=len, reverse=True))
    return [Span(*m.span(), "PERSON") for m in re.finditer(rf"(?<!\w)(?:{pattern})(?!\w)", text, re.IGNORECASE)]


def _without_overlaps(spans: list[Span]) -> list[Span]:
    """Overlapping spans become one, of the type of the one that starts first, then of the longest."""
    merged: list[Span] = []
    for span in sorted(spans, key=lambda s: (s.start, -s.end)):
        if merged and span.start < merged[-1].end:
            last = merged[-1]
            merged[-1] = Span(last.start, max(last.end, span.end), last.type)
        else:
            merged.append(span)
    return merged
