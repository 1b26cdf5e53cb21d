"""The lines of a text file, whose encoding its first bytes tell; memory holds one line.

A mark at the beginning says UTF-8, UTF-16 or UTF-32. Without a mark a line is UTF-8. In a file that
may be Western, as Excel saves CSV, a line that is not UTF-8 is cp1252 if the first such lines look
like it. A byte that belongs to no encoding spoils its own line alone.
"""

import codecs
import io
import re
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

SAMPLE_BYTES: Final = 256 * 1024
MOST_CHARS: Final = 1024 * 1024  # of a line; a longer one is passed over

_UTF_8 = "utf-8"
_WESTERN = "cp1252"
_MARKS = (  # the longer marks come first, because the shorter ones are their beginnings
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (codecs.BOM_UTF8, _UTF_8),
)
_MARK = "\ufeff"
_UNREADABLE = "\udcff"  # in place of bytes that are not of the encoding
_TOO_LONG = "\ud800"  # in place of a line; no decoder yields half of a surrogate pair
_HANDLER = "echostream-unreadable"
# A text in UTF-16 has a NUL beside each letter of ASCII.
_NUL_SHARE = 0.4

# Signs of cp1252: quotes, dashes and the like, then letters of Western languages.
_SIGNS = rb"\x82\x84\x85\x8b\x91-\x97\x99\x9b\xa0\xa1\xa3\xa7\xa9-\xab\xae\xb0\xb4\xb7\xba\xbb\xbf"
_SMALL = rb"\x9a\x9c\x9e\xdf-\xef\xf1-\xf6\xf8-\xfd"
_LARGE = rb"\x8a\x8c\x8e\x9f\xc0-\xcf\xd1-\xd6\xd8-\xdd"
_HIGH = re.compile(rb"[\x80-\xff]+")
_RUN = re.compile(rb"[%b]{0,3}[%b%b]{0,3}[%b]{0,3}" % (_SIGNS, _SMALL, _LARGE, _SIGNS))
_EURO = re.compile(rb"(?<=\d)\x80|(?<=\d )\x80|\x80(?= ?\d)")
_BESIDE_LETTER = re.compile(rb"[A-Za-z][\x80-\xff]|[\x80-\xff][A-Za-z]|\d ?\x80|\x80 ?\d")
_LARGE_INSIDE = re.compile(rb"[a-z][%b]" % _LARGE)
# Two bytes of UTF-8, of a letter of the West: one line in two encodings is in neither.
_IN_UTF_8 = re.compile(rb"[\xc2-\xc5][\x80-\xbf]")


def _unreadable(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return _UNREADABLE, error.end


codecs.register_error(_HANDLER, _unreadable)


class Readable(Protocol):
    """A stream of bytes."""

    def read(self, size: int, /) -> bytes:
        """Return so many bytes, or fewer at the end."""


class Lines:
    """The lines of a stream, each with its end and its number; it is read once.

    A line with bytes that cannot be decoded, or one that is too long, comes with marks that
    `fault_of` finds.
    """

    def __init__(
        self, stream: Readable, *, encoding: str | None = None, may_be_western: bool = False
    ) -> None:
        """Read the sample, and tell the encoding from it if none is named."""
        sample = stream.read(SAMPLE_BYTES)
        self._named = _with_order(encoding, sample) if encoding else _encoding_of(sample)
        self._western: bool | None = False  # None: no line has told yet
        if may_be_western and encoding is None and self._named == _UTF_8:
            self._western = _is_western(sample)
        self.is_empty = not sample
        self.has_mark = any(sample.startswith(mark) for mark, _ in _MARKS)
        self.sample = sample.decode(self.encoding, errors="replace").removeprefix(_MARK)
        self.number = 0
        self._next = 1
        self._end = "\n" if "\n" in self.sample else "\r"  # that old Macs wrote
        is_utf_8 = codecs.lookup(self._named).name == _UTF_8
        self._text = io.TextIOWrapper(
            io.BufferedReader(_Continued(sample, stream), SAMPLE_BYTES),
            self._named,
            errors="surrogateescape" if is_utf_8 else _HANDLER,
            newline="",
        )

    @property
    def encoding(self) -> str:
        """The encoding of the lines so far."""
        return _WESTERN if self._western else self._named

    def __iter__(self) -> "Lines":
        return self

    def __next__(self) -> str:
        """Return the next line; `number` is its number."""
        text = self._text.readline(MOST_CHARS)
        if not text:
            raise StopIteration
        if self._next == 1:
            text = text.removeprefix(_MARK)
        self.number = self._next
        is_long = len(text) >= MOST_CHARS - 1 and not text.endswith(("\r", "\n"))
        if is_long:
            text = self._pass_over()
        if text.endswith(self._end):
            self._next += 1
        return text if is_long or text.isascii() else self._decoded(text)

    def fault_of(self, text: str) -> str | None:
        """Return why a line is not readable, or None."""
        if "\0" in text:
            return "has a NUL byte"
        if text.isascii():
            return None
        if _TOO_LONG in text:
            return f"is longer than {MOST_CHARS:,} characters"
        if not _is_marked(text):
            return None
        if self._western:
            return "is neither UTF-8 nor cp1252"
        return f"is not {self._named.upper()}"

    def _pass_over(self) -> str:
        """Read the rest of a line that is too long, and return a mark in its place."""
        while True:
            rest = self._text.readline(MOST_CHARS)
            if not rest or rest.endswith(("\r", "\n")):
                return f"{_TOO_LONG}{rest[-1:]}"

    def _decoded(self, text: str) -> str:
        """Return a line with signs beyond ASCII, decoded again if it is Western."""
        if self._western is False:
            return text
        is_marked = _is_marked(text)
        raw = text.encode(_UTF_8, "surrogateescape")
        if self._western is None:
            self._western = is_marked and _looks_western(raw)
        if not (self._western and is_marked) or _IN_UTF_8.search(raw):
            return text
        try:
            return raw.decode(_WESTERN)
        except UnicodeDecodeError:
            return text


def _encoding_of(sample: bytes) -> str:
    for mark, encoding in _MARKS:
        if sample.startswith(mark):
            return encoding
    pairs = len(sample) // 2
    first = sample[: 2 * pairs : 2].count(0)
    second = sample[1 : 2 * pairs : 2].count(0)
    if second > _NUL_SHARE * pairs and not first:
        return "utf-16-le"
    if first > _NUL_SHARE * pairs and not second:
        return "utf-16-be"
    return _UTF_8


def _with_order(encoding: str, sample: bytes) -> str:
    """Return the encoding, and of UTF-16 and UTF-32 without a mark the order of most files."""
    name = codecs.lookup(encoding).name
    wide = {mark for mark, marked in _MARKS if marked == name and name != _UTF_8}
    return f"{name}-le" if wide and not sample.startswith(tuple(wide)) else name


def _is_western(sample: bytes) -> bool | None:
    """Tell whether lines beyond ASCII are mostly cp1252; None if there is no such line."""
    western = 0
    others = 0
    lines = sample.splitlines()
    whole = lines if len(sample) < SAMPLE_BYTES else lines[:-1]
    for line in whole:
        if not line.isascii():
            is_western = not _is_utf_8(line) and _looks_western(line)
            western += is_western
            others += not is_western
    return western > others if western + others else None


def _is_utf_8(line: bytes) -> bool:
    try:
        line.decode(_UTF_8)
    except UnicodeDecodeError:
        return False
    return True


def _looks_western(line: bytes) -> bool:
    """Tell whether each sign beyond ASCII is one that texts of the West have at such a place."""
    if _IN_UTF_8.search(line) or _LARGE_INSIDE.search(line) or not _BESIDE_LETTER.search(line):
        return False
    runs = _HIGH.findall(_EURO.sub(b"E", line))
    return all(_RUN.fullmatch(run) for run in runs)


def _is_marked(text: str) -> bool:
    try:
        text.encode(_UTF_8)
    except UnicodeEncodeError:
        return True
    return False


class _Continued(io.RawIOBase):
    """A stream whose first bytes were read before."""

    def __init__(self, first: bytes, rest: Readable) -> None:
        self._first = memoryview(first)
        self._rest = rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        view = memoryview(buffer).cast("B")
        if self._first:
            block = bytes(self._first[: len(view)])
            self._first = self._first[len(view) :]
        else:
            block = self._rest.read(len(view))
        view[: len(block)] = block
        return len(block)
