"""Find personal data by rules, and redact it.

The rules find forms with check digits, names of persons on the net, and exact strings from the
post's own metadata. The named-entity step finds names in free text; `sanitizer.py` puts both
together.
"""

import re
from collections.abc import Iterable

from transforms.pii.exact import find_exact
from transforms.pii.links import find_links
from transforms.pii.normalise import Plain, normalise
from transforms.pii.numbers import find_numbers, find_odd_numbers
from transforms.pii.options import DEFAULT, Options
from transforms.pii.postal import CORNER, find_addresses
from transforms.pii.spans import Span, without_overlaps
from transforms.pii.structured import find_structured

_DIGIT = re.compile(r"[0-9]")


def find(text: str, exact: Iterable[str] = (), options: Options = DEFAULT) -> list[Span]:
    """Return the personal data in a text, sorted and without overlaps.

    Args:
        text: the text as posted; the spans count its characters.
        exact: strings that name a person in this very post: author's handle and name, mentions.
        options: which further types to look for.

    >>> find("write to ada@example.org")
    [Span(start=9, end=24, type='EMAIL')]
    """
    plain = normalise(text)
    spans = find_plain(plain, exact, options)
    return in_original(plain, spans) if spans else []


def find_plain(plain: Plain, exact: Iterable[str], options: Options) -> list[Span]:
    """Return the same for a text's plain form, unsorted and with overlaps."""
    digits = _DIGIT.search(plain.text) is not None
    spans = find_links(plain.text, urls=options.urls)
    spans += find_structured(plain.text, digits=digits)
    if digits:
        spans += find_numbers(plain.text, options.phone_regions)
        spans += find_odd_numbers(plain.text, options.phone_regions)
    if digits or CORNER in plain.text:
        spans += find_addresses(plain.text)
    if exact:
        spans += find_exact(plain.text, exact)
    return spans


def in_original(plain: Plain, spans: Iterable[Span]) -> list[Span]:
    """Return spans of the plain form as spans of the original: sorted, without overlaps."""
    return without_overlaps(
        Span(*plain.original(span.start, span.end), span.type) for span in spans
    )


def redact(text: str, spans: Iterable[Span]) -> str:
    """Return the text with `<TYPE>` in place of each span that `find` has returned."""
    parts = []
    at = 0
    for span in spans:
        parts += [text[at : span.start], f"<{span.type}>"]
        at = span.end
    return "".join([*parts, text[at:]]) if parts else text
