"""Saved cursors: a reader takes them apart before it asks for anything."""

import re

from foundation.errors import CursorError


def parse_cursor(cursor: str, form: re.Pattern[str], platform: str) -> re.Match[str]:
    """Return a saved cursor taken apart.

    Raises:
        CursorError: it does not have the platform's form.
    """
    match = form.fullmatch(cursor)
    if match is None:
        raise cursor_error(platform)
    return match


def parse_time_cursor(cursor: str, platform: str) -> int:
    """Return the time in a cursor of the form `<platform>:<microseconds>`.

    Raises:
        CursorError: it has another form.
    """
    return int(parse_cursor(cursor, re.compile(rf"{platform}:(\d+)"), platform)[1])


def cursor_error(platform: str) -> CursorError:
    """Return the error for a cursor that the platform's reader did not save."""
    return CursorError(
        f"the saved cursor is not one of {platform}",
        remedy=f"Begin anew: echostream ingest {platform} --forget-cursor",
    )
