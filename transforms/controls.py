"""Remove control characters: no text needs them, and they can hide an address or a number."""

from schemas.event import CONTROL

# the control characters at which str.splitlines breaks a line
_LINE_BREAKS = {ord(char): "\n" for char in "\x0b\x0c\x1c\x1d\x1e\x85"}


def without_controls(text: str) -> str:
    """Return the text without control characters; those that end a line become a line feed."""
    return CONTROL.sub("", text.translate(_LINE_BREAKS)) if CONTROL.search(text) else text
