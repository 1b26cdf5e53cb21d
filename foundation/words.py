r"""Match whole words, with the combining marks that belong to their letters.

`\w` stops at a combining mark. It cuts Hindi at each vowel sign, and a decomposed é after its e.
Python's `re` has no class for marks, so this module builds one from `unicodedata`, which has the
same version of Unicode as `\w`.
"""

import unicodedata
from collections.abc import Iterator

# The blocks with combining marks. An import searches only these; a test searches all of Unicode.
_BLOCKS = (
    range(0x300, 0x3100),
    range(0xA600, 0xAC00),
    range(0xF900, 0x12000),
    range(0x13400, 0x13500),
    range(0x16000, 0x17000),
    range(0x1B000, 0x1F000),
)
_IDEOGRAPHIC = (0xE0100, 0xE01EF)  # variation selectors of characters in Japanese names
_EMOJI = range(0xFE00, 0xFE10)  # variation selectors of symbols, which belong to no word
# Up to this character `re` looks up a table; above it, it compares range by range.
_WIDEST = 0xFFFF
_ORDERED = 2_000  # characters; composing a run of marks takes time quadratic in its length
_JOINERS = "\u200c\u200d"


def _ranges() -> Iterator[tuple[int, int]]:
    """Yield the ranges of marks (categories Mn and Mc) as first and last code point."""
    for block in _BLOCKS:
        categories = map(unicodedata.category, map(chr, block))
        marks = [
            at for at, category in zip(block, categories, strict=True) if category in ("Mn", "Mc")
        ]
        first = last = 0
        for at in marks:
            if at in _EMOJI:
                continue
            if at != last + 1:
                if last:
                    yield first, last
                first = at
            last = at
        if last:
            yield first, last
    yield _IDEOGRAPHIC


def _class(ranges: list[tuple[int, int]]) -> str:
    return "[" + "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last in ranges) + "]"


_MARKS = list(_ranges())
_NEAR = _class([bounds for bounds in _MARKS if bounds[1] <= _WIDEST])
_FAR = _class([bounds for bounds in _MARKS if bounds[1] > _WIDEST])
MARK = rf"(?:{_NEAR}|(?![\x00-\uffff]){_FAR})"  # the pattern of one mark


def word_pattern(letter: str = r"\w") -> str:
    """Return a pattern for a word of such letters and their marks. It never backtracks.

    A joiner belongs to a word if a letter follows, or if it follows the mark that it shapes, as in
    older Malayalam.
    """
    joined = rf"[{_JOINERS}]?{MARK}\u200d?|[{_JOINERS}](?={letter})"
    return rf"{letter}++(?:(?![\x00-\x7f])(?:{joined})++{letter}*+)*+"


BEHIND_NO_WORD = rf"(?<![\w{_JOINERS}])(?<!{_NEAR})(?<!{_FAR})"


def composed(text: str) -> str:
    """Return the text in NFC, in which both ways to write é are the same.

    A text of more than 2,000 characters is returned unchanged.
    """
    return text if text.isascii() or len(text) > _ORDERED else unicodedata.normalize("NFC", text)


def small(text: str) -> str:
    """Return the text in NFC and lower case. İ becomes i without a combining dot."""
    return composed(text).replace("\u0130", "i").lower()
