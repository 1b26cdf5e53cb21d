"""The sanitizer: where the personal data of a text is, and the text without it.

Rules only: forms with check digits, what names a person on the net, and exact strings from the post's own
metadata. Names that stand in free text are the named-entity step's.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from transforms.pii.exact import find_exact
from transforms.pii.links import find_links
from transforms.pii.normalise import normalise
from transforms.pii.numbers import find_numbers
from transforms.pii.postal import find_addresses
from transforms.pii.regions import SHAPES
from transforms.pii.spans import Span, without_overlaps
from transforms.pii.structured import find_structured

SANITIZER_VERSION = "2"
_DIGIT = re.compile(r"[0-9]")


@dataclass(frozen=True, slots=True)
class Options:
    """What is looked for."""

    regions: frozenset[str] = frozenset(SHAPES)  # whose national telephone numbers are known
    urls: bool = True  # links that name nobody by their form: a personal site looks like any other


DEFAULT = Options()


def find(text: str, exact: Iterable[str] = (), options: Options = DEFAULT) -> list[Span]:
    """Where the personal data is: sorted, without overlaps, in characters of the text as given.

    Args:
        text: the text as posted.
        exact: strings that name a person in this very post: author's handle and name, mentions.
        options: what to look for besides.
    """
    plain = normalise(text)
    digits = _DIGIT.search(plain.text) is not None
    spans = find_links(plain.text, urls=options.urls)
    spans += find_structured(plain.text, digits=digits)
    if digits:
        spans += find_numbers(plain.text, options.regions)
        spans += find_addresses(plain.text)
    if exact:
        spans += find_exact(plain.text, exact)
    if not spans:
        return []
    return without_overlaps(Span(*plain.original(span.start, span.end), span.type) for span in spans)


def redact(text: str, spans: Iterable[Span]) -> str:
    """The text with `<TYPE>` in place of each span; the spans as `find` gives them."""
    parts, at = [], 0
    for span in spans:
        parts += [text[at : span.start], f"<{span.type}>"]
        at = span.end
    return "".join([*parts, text[at:]]) if parts else text
