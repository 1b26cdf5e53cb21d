"""Find the emoji of a text."""

import re
from collections.abc import Iterable

MOST = 20  # different emoji per post
_LOOKED_AT = 10_000  # characters per text

# A flag consists of two letters of its own kind. Any other emoji may have a variation selector, a
# skin tone, and more emoji after a joiner.
_BASE = (
    r"[\U0001F300-\U0001F5FF\U0001F600-\U0001F64F\U0001F680-\U0001F6FF\U0001F7E0-\U0001F7EB\U0001F900-\U0001FAFF"
    r"\u2600-\u27BF\u2B00-\u2BFF]"
)
_ONE = rf"{_BASE}[\uFE0F\U0001F3FB-\U0001F3FF]?"
_EMOJI = re.compile(rf"[\U0001F1E6-\U0001F1FF]{{2}}|{_ONE}(?:\u200D{_ONE}){{0,5}}")


def emoji_of(texts: Iterable[str | None]) -> list[str]:
    """Return the different emoji by first appearance, at most `MOST`, without selectors.

    >>> emoji_of(["Good \u2764\ufe0f and good \u2764"])
    ['❤']
    """
    different: dict[str, None] = {}
    for text in texts:
        if text and not text.isascii():
            different |= dict.fromkeys(
                emoji.replace("\ufe0f", "") for emoji in _EMOJI.findall(text[:_LOOKED_AT])
            )
    return list(different)[:MOST]
