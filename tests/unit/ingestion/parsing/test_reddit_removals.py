"""Reddit's marks of removed texts are recognised, and people's texts about them are not."""

from typing import Any

import pytest

from ingestion.parsing.reddit_removals import is_placeholder, removal_of

PLACEHOLDERS = [
    "[deleted]",
    "[removed]",
    "[Removed]",
    " [removed]\n",
    "[ removed ]",
    r"\[removed\]",
    r"\\[deleted\\]",
    "&#91;removed&#93;",
    "&amp;#91;deleted&amp;#93;",
    "\u200b[deleted]\ufeff",
    "[\u00a0Removed\u00a0by\u00a0Reddit\u00a0]",
    "**[removed]**",
    "[deleted by user]",
    "[Deleted By User]",
    "[removed by user]",
    "[deleted by author]",
    "[ Removed by moderator ]",
    "[removed by moderators]",
    "[removed by mod team]",
    "[ Removed by the subreddit mods ]",
    "[removed by sub mods]",
    "[removed by the moderators]",
    "[removed by r/beans moderators]",
    "[removed by AutoModerator]",
    "[comment removed by moderator]",
    "[ Removed by Reddit ]",
    "[removed by reddit]",
    "[ REMOVED BY REDDIT ]",
    "[ Removed by reddit in response to a copyright notice. ]",
    "[ Removed by Reddit in response to a copyright notice ]",
    "[ Removed by Reddit on account of violating the [content policy](/help/contentpolicy). ]",
    "[ Removed by Reddit due to a legal request from somewhere. ]",
    "[removed by Anti-Evil Operations]",
    "[removed in response to a court order]",
]
POSTS = [
    None,
    "",
    "   ",
    "deleted",
    "removed by Reddit",
    "[removed] was all that was left of it",
    "Why does it say [removed]?",
    "[deleted] and [removed] are not the same",
    "[deleted]\n\n[removed] what is this",
    "[removed by my neighbour]",
    "[deleted scene]",
    "[removed by reddit] they told me [and more]",
    "[removed](https://example.org/why)",
    "[ Removed by Reddit ] is what my post says now",
    "> [removed]\n\nthat was a good answer",
    "[removed by reddit " + "x" * 500 + "]",
]


@pytest.mark.parametrize("text", PLACEHOLDERS)
def test_what_stands_in_for_a_text(text: str):
    assert is_placeholder(text)


@pytest.mark.parametrize("text", POSTS)
def test_what_somebody_wrote(text: str | None):
    assert not is_placeholder(text)


CATEGORIES = [
    "deleted",
    "author",
    "moderator",
    "automod_filtered",
    "reddit",
    "anti_evil_ops",
    "community_ops",
    "content_takedown",
    "copyright_takedown",
    "one_of_tomorrow",
]


@pytest.mark.parametrize("category", CATEGORIES)
def test_every_category_says_that_it_is_gone(category: str):
    assert removal_of({"removed_by_category": category}) == {"removed_by_category": category}


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"removed_by": "Ann"}, "removed_by"),
        ({"removal_reason": "legal"}, "removal_reason"),
        ({"banned_by": "AutoModerator"}, "banned_by"),
        ({"banned_by": True}, "banned_by"),
        ({"removed": True}, "removed"),
        ({"spam": True}, "spam"),
        ({"removed_by_category": "Ann the moderator"}, "removed_by_category"),
        ({"_meta": {"removal_type": "moderator"}}, "removed"),
        ({"_meta": {"was_deleted_later": True}}, "removed"),
    ],
)
def test_other_fields_say_so_and_name_nobody(data: Any, said: str):
    assert removal_of(data) == {said: True}


@pytest.mark.parametrize("empty", [None, False, "", 0, [], {}])
@pytest.mark.parametrize(
    "name", ["removed_by_category", "removed_by", "removal_reason", "banned_by", "removed", "spam"]
)
def test_an_empty_field_says_nothing(name: str, empty: Any):
    assert removal_of({name: empty, "_meta": {"was_deleted_later": empty}}) == {}
