"""The texts to search for, in every spelling in which they may be stored."""

import base64
import html
import json
from collections.abc import Sequence
from urllib.parse import quote

import numpy as np
import numpy.typing as npt

from foundation.errors import UsageError

SHORTEST = 6  # characters: shorter ones stand in anything
_BITS = 20
_WORD = 8  # bytes
_START = np.uint64((1 << 8 * SHORTEST) - 1)  # of a word: what every spelling has


class SearchTerms:
    """Texts that must not be found; findings name them by their number, never by themselves."""

    def __init__(self, texts: Sequence[str]) -> None:
        """Make the spellings of each.

        Raises:
            UsageError: there is none, or one is so short that it would be found anywhere.
        """
        if not texts:
            raise UsageError(
                "there is nothing to look for", remedy="Name a file with one text per line"
            )
        short = [number for number, text in enumerate(texts, 1) if len(text) < SHORTEST]
        if short:
            raise UsageError(
                f"text {short[0]} is shorter than {SHORTEST} characters",
                remedy="Take one that nothing else contains",
            )
        self._by_start: dict[bytes, list[tuple[int, bytes]]] = {}
        for number, text in enumerate(texts, 1):
            for form in spellings(text):
                self._by_start.setdefault(form[:SHORTEST], []).append((number, form))
        starts = np.array(
            [int.from_bytes(start, "little") for start in self._by_start], dtype=np.uint64
        )
        self._may_start = np.zeros(1 << _BITS, dtype=np.bool_)
        self._may_start[_hashed(starts)] = True

    def found_in(self, content: bytes) -> list[int]:
        """Return the numbers, from 1 on, of the texts in the content; their count costs no time."""
        numbers: set[int] = set()
        padded = content + bytes(2 * _WORD)
        # every place in the content is the begin of a word of one of these
        for shift in range(_WORD):
            words = np.frombuffer(
                padded, dtype="<u8", offset=shift, count=len(content) // _WORD + 1
            )
            for at in np.flatnonzero(self._may_start[_hashed(words & _START)]) * _WORD + shift:
                for number, form in self._by_start.get(content[at : at + SHORTEST], ()):
                    if content.startswith(form, at):
                        numbers.add(number)
        return sorted(numbers)


def _hashed(starts: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Return a position in the table for each (Fibonacci hashing)."""
    return (starts * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(64 - _BITS)


def spellings(text: str) -> set[bytes]:
    """Return the text as UTF-8 and UTF-16, in a URL, inside base64, JSON and JSON in JSON.

    There also with HTML's escapes, as Hacker News, Mastodon and Reddit write them.
    """
    plain = text.encode("utf-8", "surrogatepass")
    forms = {
        plain,
        text.encode("utf-16-le", "surrogatepass"),
        text.encode("utf-16-be", "surrogatepass"),
    }
    forms |= {quote(plain, safe=safe).encode() for safe in ("", "/:@")}
    escaped = html.escape(text)
    in_html = {
        escaped.replace("/", "&#x2F;"),
        escaped.replace("&#x27;", "&#39;"),
        html.escape(text, quote=False),
    }
    for form in {text, escaped, *in_html}:
        in_json = {json.dumps(form, ensure_ascii=is_ascii)[1:-1] for is_ascii in (True, False)}
        twice = {
            json.dumps(spelled, ensure_ascii=is_ascii)[1:-1]
            for spelled in in_json
            for is_ascii in (True, False)
        }
        forms |= {spelled.encode("utf-8", "surrogatepass") for spelled in (form, *in_json, *twice)}
    return forms | {inner for at in range(3) if len(inner := _in_base64(plain, at)) >= SHORTEST}


def _in_base64(plain: bytes, at: int) -> bytes:
    """Return the characters that do not depend on their neighbours.

    The text begins at 0, 1 or 2 modulo 3.
    """
    encoded = base64.b64encode(b"\0" * at + plain)
    first = -(-at * 8 // 6)
    last = (at + len(plain)) * 8 // 6
    return encoded[first:last]
