"""Log the failure of a page without quoting a post."""

import logging
from pathlib import Path
from traceback import extract_tb

_log = logging.getLogger(__name__)


def log(error: Exception) -> None:
    """Log an error's type and places, but not its message, which could quote a post."""
    places = [f"{Path(at.filename).name}:{at.lineno}" for at in extract_tb(error.__traceback__)]
    _log.error("a page failed: %s at %s", type(error).__name__, " ".join(places))
