"""Log the failure of a page."""

import logging
from pathlib import Path
from traceback import extract_tb

_log = logging.getLogger(__name__)


def log(error: Exception) -> None:
    """Log an error's type and its places; its message could quote a post."""
    places = [f"{Path(at.filename).name}:{at.lineno}" for at in extract_tb(error.__traceback__)]
    _log.error("a page failed: %s at %s", type(error).__name__, " ".join(places))
