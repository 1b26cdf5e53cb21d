"""Bring a text to one plain form for matching, and map it back to the characters as posted.

NFKC is applied to each character on its own: over a whole text, a run of combining marks would cost
quadratic time.
"""

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from transforms.pii.spans import has_any

_MOST = 4  # a character that stands for more characters is no spelling of an address
# invisible characters, and a frame around a digit
_DROPPED = frozenset("\u034f\u20e3\u115f\u1160\u17b4\u17b5\u3164\uffa0")
_PLAIN = {
    "\u00ba": "°",
    "\u02da": "°",
    "\u2212": "-",
    "\u2043": "-",
    "\u2219": ".",
    "\u2024": ".",
    "\u3002": ".",
    "\uff61": ".",
    "\u2044": "/",
    "\u2215": "/",
    "\u29f8": "/",
    "\u2022": "\u00b7",
    "\u2027": "\u00b7",
    "\u22c5": "\u00b7",
    "\u30fb": "\u00b7",
    "\uff65": "\u00b7",
    "\u02d1": "\u00b7",
    "\u16eb": "\u00b7",
    "\u25cf": "\u00b7",
    "\u25e6": "\u00b7",
    "\u2e31": "\u00b7",
    "\u2e33": "\u00b7",
    "\ua78f": "\u00b7",
    "\u2796": "-",
    "\u24d0": "(a)",
    "\u24b6": "(a)",
    "\u2116": "No.",
}
# two bytes of Latin-1 that are not UTF-8: a space and a soft hyphen
_PLAIN |= {
    chr(0xDCA0): " ",
    chr(0xDCAD): "",
}
_BRACKETED = re.compile(
    r"[ \t]{0,2}(?:[(\[{<\u3008-\u3015]|&lt;)[ \t]{0,2}(?:(?P<at>at|@|\u00e4t|arroba|chez)"
    r"|(?P<dot>dot|\.|punkt|punto|point|ponto)|(?P<dash>dash|-))"
    r"[ \t]{0,2}(?:[)\]}>\u3008-\u3015]|&gt;)[ \t]{0,2}",
    re.IGNORECASE,
)
_TLD = (
    r"(?:com|net|org|edu|gov|info|io|me|app|social|co|de|uk|za|fr|in|br|au|nl|es|it|eu"
    r"|us|ca|ch|at|be|se|no|dk|fi|pl|pt|hu|cz|nz|jp|test|example)\b"
)
_DOT_WORD = r"(?: {1,2}dot {1,2}|_dot_|-dot-| {0,2}[(\[{<] ?dot ?[)\]}>] {0,2})"
_SPOKEN_AT = re.compile(
    rf"(?<=\w)(?: {{1,2}}|_|-)at(?: {{1,2}}|_"
    rf"|-)(?=(?:[A-Za-z0-9\-]{{1,63}}?{_DOT_WORD}){{1,4}}{_TLD}"
    r"|(?:gmail|googlemail|outlook|hotmail|yahoo|proton|protonmail|icloud|gmx|aol)(?:\.[a-z]{2,3}"
    r"| {1,2}com)\b)",
    re.IGNORECASE,
)
_SPOKEN_DOT = re.compile(
    rf"(?<=\w)(?: {{1,2}}|_|-)dot(?: {{1,2}}|_|-)"
    rf"(?={_TLD}|\d{{1,3}}\b|[A-Za-z0-9\-]{{1,63}}(?: {{1,2}}dot |_dot_|-dot-|@))",
    re.IGNORECASE,
)
# In capitals beside small letters, with a full stop or nothing for the dot.
_CAPITAL_AT = re.compile(
    r"(?<=[a-z0-9_]) {1,2}AT {1,2}(?=[a-z0-9\-]{1,63}(?:\.[a-z0-9\-]{1,63}){0,3}"
    r"(?:\.[a-z]{2,24}|(?: {0,2}[.,] {0,2}| )(?:com|net|org))\b)"
    r"|(?<=[a-z0-9])AT(?=[a-z0-9\-]{1,63}DOT[a-z]{2,24}\b)"
)
_CAPITAL_DOT = re.compile(r"(?<=[a-z0-9])DOT(?=[a-z]{2,24}\b)")
_ESCAPED_AT = re.compile(
    r"\\(?:u00|x)40|%(?:25){0,3}40(?=[^\W\d_]|\d{1,6}[.,][a-z])|%u0040|%ef%bc%a0"
    rf"|(?<=\w)=40(?=(?:[\w\-]{{1,63}}(?:\.|=2e)){{1,4}}{_TLD})"  # quoted-printable
    r"|&(?:amp;){0,3}(?:#0{0,5}64(?!\d)|#x0{0,5}40(?![0-9a-f])|commat);?",
    re.IGNORECASE,
)
_ESCAPED_DOT = re.compile(
    r"(?<=\w)(?:%(?:25){0,3}2e|&(?:amp;){0,3}(?:#0{0,5}46(?!\d)|#x0{0,5}2e(?![0-9a-f])|period);?)(?=\w)",
    re.IGNORECASE,
)
_AT_NUMBERS = ("40", "64", "commat", "%ef%bc%a0")
_DOT_NUMBERS = ("2e", "46", "period")
# Markdown's forms of "_", "." and "@", and an @ with tags of its own around it.
_MARKDOWN = re.compile(r"(?<=\w)\\(?P<sign>[@._+\-])(?=\w)")
_WRAPPED_AT = re.compile(r"<(?P<tag>\w{1,8})>@</(?P=tag)>")
# A character written as its number, as in HTML.
_ENTITY = re.compile(
    r"&(?:amp;)?#(?:(?P<number>\d{1,7})|x(?P<hex>[0-9a-f]{1,6}));|&nbsp;", re.IGNORECASE
)
_HOST = r"[\w\-]{1,63}(?:\.[\w\-]{1,63}){0,3}"
_WRAPPED_DOT = r"(?: {0,2}[*/|~_\-=#\"']{1,2}dot[*/|~_\-=#\"']{1,2} {0,2}| dot )"
# "*at*" and the like, only before text that looks like a domain.
_MARKED_AT = re.compile(
    r"(?<=\w)(?: {0,2}(?P<sign>[*/|~=#\"']|\*\*)at(?P=sign) {0,2}| {1,2}(?P<line>[_\-]"
    r"|--)at(?P=line) {1,2})"
    rf"(?={_HOST}(?:\.|{_WRAPPED_DOT}){_TLD})",
    re.IGNORECASE,
)
_MARKED_DOT = re.compile(rf"(?<=\w){_WRAPPED_DOT}(?={_TLD})", re.IGNORECASE)
_MARKED = ("*at*", "/at/", "|at|", "~at~", "-at-", "_at_", "=at=", "#at#", '"at"', "'at'")
# "(a)" also begins a list, in which "(b)" follows.
_LETTER = re.compile(r"[(\[{<][aA][)\]}>]")
_LETTER_AT = re.compile(
    rf"(?<=\w) {{0,2}}[(\[{{<]a[)\]}}>] {{0,2}}(?={_HOST}(?: {{0,2}}\. {{0,2}}|{_DOT_WORD}){_TLD})"
    r"(?![^\n]{0,80}[(\[{<]b[)\]}>])",
    re.IGNORECASE,
)
_OTHER_DOT = r" {1,2}(?:dot|punto|ponto|punkt|point|pont|\u0442\u043e\u0447\u043a\u0430) {1,2}"
_OTHER_WORDS = (
    "arroba",
    "at-sign",
    "at sign",
    "chiocciola",
    "kukac",
    "\u0441\u043e\u0431\u0430\u043a\u0430",
    "\u00e4t",
)
_OTHER_AT = re.compile(
    rf"(?<=\w) {{1,2}}(?:{'|'.join(_OTHER_WORDS)}) {{1,2}}(?={_HOST}(?:\."
    rf"|{_OTHER_DOT})[^\W\d_]{{2,24}}(?!\w))",
    re.IGNORECASE,
)
_OTHER_DOTS = re.compile(rf"(?<=\w){_OTHER_DOT}(?=[^\W\d_]{{2,24}}(?!\w))", re.IGNORECASE)
_LAST_CHAR = 0x10FFFF
# A bracket before a sign's first letter, number or the sign itself, or a tag around an @.
_OPEN = re.compile(r"[(\[{<\u3008-\u3015][ \t]{0,2}[aAcCdDpP@.\u00c4\u00e4\-]")
_TAGS = ("&lt;", ">@<")
# An expression can match only if the text has one of these strings. Most texts have none, and a
# search for a few characters costs a tenth of an expression.
_BRACKETS = ("(", "[", "{", "<", "&")  # those of ASCII, and the start of "&lt;"
_ENTITIES = ("&#", "&nbsp;")
_ESCAPES = ("%", "&", "\\", "=40")
_SPOKEN_ATS = (" at ", "_at_", "-at-")
_SPOKEN_DOTS = (" dot ", "_dot_", "-dot-")
_OTHER_ASCII = tuple(word for word in _OTHER_WORDS if word.isascii())


class Plain(NamedTuple):
    """A text in its plain form; character i comes from [starts[i], ends[i]) of the original.

    It is a NamedTuple, because a frozen dataclass takes twice as long to make, for each text.
    """

    text: str
    starts: list[int] | None = None
    ends: list[int] | None = None

    def original(self, start: int, end: int) -> tuple[int, int]:
        """Return where a stretch of the plain text is in the original."""
        if self.starts is None or self.ends is None or start == end:
            return start, end
        return self.starts[start], self.ends[end - 1]


def normalise(text: str) -> Plain:
    """Return the plain form of a text; the text itself if it is plain already.

    >>> normalise("ada (at) example.org").text
    'ada@example.org'
    """
    plain = Plain(text) if text.isascii() else _unfolded(text)
    if "&" in plain.text and has_any(plain.text, _ENTITIES):
        plain = _replaced(plain, _ENTITY, _named)
    if has_any(plain.text, _ESCAPES):
        plain = _unescaped(plain)
    lowered = plain.text.lower()
    has_at = "at" in lowered
    if has_at and has_any(lowered, _SPOKEN_ATS):
        plain = _replaced(plain, _SPOKEN_AT, lambda _: "@")
    may_hold_sign = not plain.text.isascii() or has_any(plain.text, _BRACKETS)
    if may_hold_sign and (_OPEN.search(plain.text) or has_any(lowered, _TAGS)):
        plain = _in_brackets(plain)
    if "dot" in lowered and has_any(lowered, _SPOKEN_DOTS):
        plain = _replaced(plain, _SPOKEN_DOT, lambda _: ".")
    if has_at and "AT" in plain.text:
        plain = _in_turn(plain, _CAPITAL_AT, _CAPITAL_DOT)
    if has_at and has_any(lowered, _MARKED):
        plain = _in_turn(plain, _MARKED_AT, _MARKED_DOT)
    if has_any(lowered, _OTHER_ASCII if lowered.isascii() else _OTHER_WORDS):
        plain = _in_turn(plain, _OTHER_AT, _OTHER_DOTS)
    return plain


def _unescaped(plain: Plain) -> Plain:
    """Replace signs of an address that are escaped or written as numbers."""
    lowered = plain.text.lower()
    if has_any(lowered, _AT_NUMBERS):
        plain = _replaced(plain, _ESCAPED_AT, lambda _: "@")
    if has_any(lowered, _DOT_NUMBERS):
        plain = _replaced(plain, _ESCAPED_DOT, lambda _: ".")
    if "\\" in plain.text and "@" in plain.text:
        plain = _replaced(plain, _MARKDOWN, lambda match: match["sign"])
    return plain


def _in_brackets(plain: Plain) -> Plain:
    plain = _replaced(plain, _BRACKETED, _bracketed)
    if ">@<" in plain.text:
        plain = _replaced(plain, _WRAPPED_AT, lambda _: "@")
    return _replaced(plain, _LETTER_AT, lambda _: "@") if _LETTER.search(plain.text) else plain


def _in_turn(plain: Plain, sign: re.Pattern[str], dot: re.Pattern[str]) -> Plain:
    """Replace the signs, and then the dots if there was a sign: else they are ordinary words."""
    spoken = _replaced(plain, sign, lambda _: "@")
    return spoken if spoken is plain else _replaced(spoken, dot, lambda _: ".")


def _named(match: re.Match[str]) -> str:
    """Return an entity's character in plain form; a space if that is not one character."""
    number = int(match["number"] or 0) or int(match["hex"] or "20", 16)
    plain = _plain(chr(number)) if number <= _LAST_CHAR else ""
    return plain if len(plain) == 1 else " "


@lru_cache(maxsize=65536)
def _plain(char: str) -> str:
    if char in _PLAIN:
        return _PLAIN[char]
    kind = unicodedata.category(char)
    if (
        kind == "Cf"
        or char in _DROPPED
        or "\ufe00" <= char <= "\ufe0f"
        or "\U000e0000" <= char <= "\U000e0fff"
    ):
        return ""
    if kind == "Nd":
        return str(unicodedata.decimal(char))
    if kind == "Pd":
        return "-"
    if kind == "Zs":
        return " "
    folded = unicodedata.normalize("NFKC", char)
    return folded if len(folded) <= _MOST else char


def _unfolded(text: str) -> Plain:
    changed = {
        char: plain for char in set(text) if not char.isascii() and (plain := _plain(char)) != char
    }
    if not changed:
        return Plain(text)
    if all(len(plain) == 1 for plain in changed.values()):
        return Plain(text.translate({ord(char): plain for char, plain in changed.items()}))
    chars: list[str] = []
    starts: list[int] = []
    for at, char in enumerate(text):
        plain = changed.get(char, char)
        chars.append(plain)
        starts += [at] * len(plain)
    return Plain("".join(chars), starts, [at + 1 for at in starts])


def _bracketed(match: re.Match[str]) -> str:
    return {"at": "@", "dot": ".", "dash": "-"}[match.lastgroup or "at"]


def _replaced(plain: Plain, pattern: re.Pattern[str], by: Callable[[re.Match[str]], str]) -> Plain:
    """Replace each match by one character."""
    matches = list(pattern.finditer(plain.text))
    if not matches:
        return plain
    starts = plain.starts if plain.starts is not None else list(range(len(plain.text)))
    ends = plain.ends if plain.ends is not None else list(range(1, len(plain.text) + 1))
    chars: list[str] = []
    new_starts: list[int] = []
    new_ends: list[int] = []
    at = 0
    for match in matches:
        first, last = match.span()
        chars += [plain.text[at:first], by(match)]
        new_starts += [*starts[at:first], starts[first]]
        new_ends += [*ends[at:first], ends[last - 1]]
        at = last
    return Plain("".join([*chars, plain.text[at:]]), new_starts + starts[at:], new_ends + ends[at:])
