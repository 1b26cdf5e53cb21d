r"""Words: letters with the marks that belong to them.

`\w` stops at a combining mark, and so cuts Hindi at each vowel sign and a decomposed é behind its
e. Python's `re` has no name for marks: `unicodedata` says which they are, and knows as many
characters as this Python's `\w` does.
"""

import unicodedata
from collections.abc import Iterator

# The ranges of combining marks. An import need not ask about each of a million characters; a test
# does.
_BLOCKS = (
    range(0x300, 0x3100),
    range(0xA600, 0xAC00),
    range(0xF900, 0x12000),
    range(0x13400, 0x13500),
    range(0x16000, 0x17000),
    range(0x1B000, 0x1F000),
)
_IDEOGRAPHIC = (0xE0100, 0xE01EF)  # variation selectors of signs in Japanese names
_EMOJI = range(0xFE00, 0xFE10)  # variation selectors of symbols: they belong to no word
# up to here an expression looks a character up in a table, above it compares range by range
_WIDEST = 0xFFFF
_ORDERED = 2_000  # characters: composing a run of marks costs the square of its length
_JOINERS = "\u200c\u200d"


def _ranges() -> Iterator[tuple[int, int]]:
    """Yield the ranges of the marks (Mn and Mc), each with its last."""
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
MARK = rf"(?:{_NEAR}|(?![\x00-\uffff]){_FAR})"  # one of them, as an expression


def word_pattern(letter: str = r"\w") -> str:
    """Return the expression of a word of such letters and their marks; it never gives a part back.

    A joiner belongs to a word that goes on, or stands behind the sign that it shapes, as in older
    Malayalam.
    """
    joined = rf"[{_JOINERS}]?{MARK}\u200d?|[{_JOINERS}](?={letter})"
    return rf"{letter}++(?:(?![\x00-\x7f])(?:{joined})++{letter}*+)*+"


BEHIND_NO_WORD = rf"(?<![\w{_JOINERS}])(?<!{_NEAR})(?<!{_FAR})"


def composed(text: str) -> str:
    """Compose accents with their letters (NFC): both ways to write é are one.

    A text that is too long stays as it is.
    """
    return text if text.isascii() or len(text) > _ORDERED else unicodedata.normalize("NFC", text)


def small(text: str) -> str:
    """Return the text in NFC and small letters; İ becomes i alone, without a dot above."""
    return composed(text).replace("\u0130", "i").lower()
