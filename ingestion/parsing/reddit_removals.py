"""Find the signs by which Reddit shows a removal: a placeholder text, or a field (ADR 22).

Only a text that is nothing but a placeholder counts. A sentence that quotes "[removed]" is a post.
"""

import html
import re
import unicodedata

from ingestion.parsing.json_fields import value_at
from ingestion.platform import Json

_FIELDS = ("removed_by_category", "removed_by", "removal_reason", "banned_by")
_FLAGS = ("removed", "spam", "deleted")
# fields that archives add when they fetch a thing again
_ARCHIVED = (
    "removal_type",
    "was_deleted_later",
    "was_initially_deleted",
)
_CATEGORY = re.compile(r"[a-z][a-z_]{1,39}")
_LONGEST = 400  # characters; placeholders are shorter
_WHO = (
    r"(?:the )?(?:r/\w+ |subreddit |sub |community )?"
    r"(?:user|author|op|poster|(?:mods?|moderators?|moderation)(?: team)?"
    r"|automod|automoderator|admins?|administrators?)"
)
_LINK = r"\[[^\[\]]*\]\([^()]*\)"
_WHY = rf"(?:[^\[\]]|{_LINK})*"  # Reddit's own text, with links, up to the last bracket
_BY = rf"by (?:{_WHO}|(?:reddit|anti-evil operations)\b{_WHY})"
_PLACEHOLDER = re.compile(
    rf"\[ ?(?:(?:comment |post |content )?(?:deleted|removed)(?: {_BY})?"
    rf"|(?:deleted|removed) (?:in response to|on account of|for violating|due to) {_WHY})[. ]*\]\.?"
)


def is_placeholder(text: str | None) -> bool:
    """Return whether a text is nothing but Reddit's placeholder for a removed text.

    Case, white space, escapes of Markdown and entities do not matter, since dumps and clients
    differ in them.
    """
    if not text or len(text) > _LONGEST:
        return False
    return _PLACEHOLDER.fullmatch(_folded(text)) is not None


def removal_of(data: dict[str, Json]) -> dict[str, Json]:
    """Return the fields that show a removal, without names in them; none for a thing that is shown.

    A category is one of Reddit's words and is kept. Every other field may hold a name or a
    moderator's note, so true replaces its value.
    """
    removal: dict[str, Json] = {name: True for name in _FIELDS if _is_set(data.get(name))}
    removal |= {name: True for name in _FLAGS if data.get(name) is True}
    if any(_is_set(value_at(data, "_meta", name)) for name in _ARCHIVED):
        removal["removed"] = True
    category = data.get("removed_by_category")
    if isinstance(category, str) and _CATEGORY.fullmatch(category):
        removal["removed_by_category"] = category
    return removal


def _is_set(value: Json) -> bool:
    """Return whether a field has a value; for a thing that is shown it is null, false or empty."""
    return value is True or (isinstance(value, str | int | float) and bool(value))


def _folded(text: str) -> str:
    """Return a text in one spelling, so that the variants of a placeholder are equal."""
    resolved = html.unescape(html.unescape(text)).replace("\\", "")
    plain = unicodedata.normalize("NFKC", resolved)
    seen = "".join(char for char in plain if unicodedata.category(char) != "Cf")
    return " ".join(seen.split()).strip("*_~`> ").casefold()
