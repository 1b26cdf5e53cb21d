"""A file of text that a user names."""

import sys
from pathlib import Path

from foundation.errors import UsageError


def read_text(file: Path) -> str:
    """Return a file's text; `-` is standard input.

    Raises:
        UsageError: the file cannot be read, or is not in UTF-8.
    """
    if str(file) == "-":
        return sys.stdin.read()
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise UsageError(f"{file} cannot be read", remedy="Name a text file in UTF-8") from None
