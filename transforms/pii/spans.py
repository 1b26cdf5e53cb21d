"""What a finder says: stretches of text with a type."""

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


def without_overlaps(spans: Iterable[Span]) -> list[Span]:
    """Sorted; overlapping spans become one, of the type of the longest."""
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
