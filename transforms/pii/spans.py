"""Define spans of personal data, and quick checks that save the search by an expression."""

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
    """A stretch of a text, from `start` up to `end` in characters, and its type."""

    start: int
    end: int
    type: str


def has_any(text: str, words: Iterable[str]) -> bool:
    """Return whether one of the words is in the text; `any` would cost more than the search."""
    for word in words:  # noqa: SIM110  # `any` is slower
        if word in text:
            return True
    return False


def may_hold(lowered: str, words: Iterable[str]) -> bool:
    """Return whether an expression that ignores case may find one of the words in the text.

    Such an expression takes characters beyond ASCII for "i", "k" or "s" that `lower()` keeps.
    """
    return not lowered.isascii() or has_any(lowered, words)


def without_overlaps(spans: Iterable[Span]) -> list[Span]:
    """Return the spans sorted; overlapping ones are merged, with the type of the longest."""
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
