"""Control characters: no text needs them, and inside an address or a number they hide it."""

from schemas.event import CONTROL

# as str.splitlines takes them
_LINE_BREAKS = {ord(char): "\n" for char in "\x0b\x0c\x1c\x1d\x1e\x85"}


def without_controls(text: str) -> str:
    """Take control characters out of a text; those that end a line become a line feed."""
    return CONTROL.sub("", text.translate(_LINE_BREAKS)) if CONTROL.search(text) else text
