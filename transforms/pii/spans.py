"""Stretches of text with a type, and the cheap question before an expression looks for them."""

from collections.abc import Iterable
from typing import NamedTuple

TYPES = (
    "EMAIL",
    "HANDLE",
    "PROFILE",
    "URL",
    "PERSON",
    "PHONE",
    "CARD",
    "IBAN",
    "IP",
    "MAC",
    "SSN",
    "ZA_ID",
    "NINO",
    "NATIONAL_ID",
    "CRYPTO",
    "GEO",
    "ADDRESS",
)


class Span(NamedTuple):
    """A stretch of the text, in characters."""

    start: int
    end: int
    type: str


def has_any(text: str, words: Iterable[str]) -> bool:
    """Tell whether one of the words is in the text; a generator would cost more than the search."""
    for word in words:  # noqa: SIM110  # see above
        if word in text:
            return True
    return False


def may_hold(lowered: str, words: Iterable[str]) -> bool:
    """Tell whether an expression that ignores case may find one of the words in the text.

    Beyond ASCII it takes letters for an "i", "k" or "s" that `lower()` does not turn into one.
    """
    return not lowered.isascii() or has_any(lowered, words)


def without_overlaps(spans: Iterable[Span]) -> list[Span]:
    """Sort the spans; overlapping ones become one, of the type of the longest."""
    merged: list[Span] = []
    longest = 0
    for span in sorted(spans, key=lambda s: (s.start, -s.end)):
        if merged and span.start < merged[-1].end:
            last = merged[-1]
            longer = span.end - span.start > longest
            longest = max(longest, span.end - span.start)
            merged[-1] = Span(
                last.start, max(last.end, span.end), span.type if longer else last.type
            )
        else:
            longest = span.end - span.start
            merged.append(span)
    return merged
