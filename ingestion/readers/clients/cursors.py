"""Parse saved cursors, before a reader sends its first request."""

import re

from foundation.errors import CursorError


def parse_cursor(cursor: str, form: re.Pattern[str], platform: str) -> re.Match[str]:
    """Return the match of a saved cursor with its platform's form.

    Raises:
        CursorError: the cursor does not match.
    """
    match = form.fullmatch(cursor)
    if match is None:
        raise cursor_error(platform)
    return match


def parse_time_cursor(cursor: str, platform: str) -> int:
    """Return the time in a cursor `<platform>:<microseconds since 1970>`.

    Raises:
        CursorError: the cursor has another form.
    """
    return int(parse_cursor(cursor, re.compile(rf"{platform}:(\d+)"), platform)[1])


def cursor_error(platform: str) -> CursorError:
    """Return the error for a cursor that the platform's reader did not save."""
    return CursorError(
        f"the saved cursor is not one of {platform}",
        remedy=f"Start without it: echostream ingest {platform} --forget-cursor",
    )
