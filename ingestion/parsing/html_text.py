"""Convert platforms' HTML to the text that a person sees, and find handles and hashtags in text.

The standard library's `html.parser` takes minutes for 200 kB of unclosed tags. Every pattern here
takes linear time.
"""

import re
from html import unescape

from foundation.words import BEHIND_NO_WORD, composed, word_pattern

_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9]*+)([^<>]*+)>|<[!?][^<>]*+>")
_TARGET = re.compile(r"""\bhref\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_BREAKS = {
    "br": "\n",
    "li": "\n",
    **dict.fromkeys(("p", "pre", "blockquote", "ul", "ol", "div"), "\n\n"),
}
_UNSEEN = ("script", "style")
# Hashtags may follow each other without a space. The pattern skips a whole link, because a # in it
# names a part of a page.
_HASHTAGS = re.compile(
    rf"https?://\S++|{BEHIND_NO_WORD}(?<![&#\uff03/])((?:[#\uff03]{word_pattern()})++)"
)
_HASH = re.compile("[#\uff03]")
_LETTER = re.compile(r"[^\W\d_]")
_HANDLE = re.compile(r"(?<![\w@./])@([A-Za-z0-9_](?:[A-Za-z0-9_.]{0,28}[A-Za-z0-9_])?)")


def html_to_text(html: str) -> str:
    """Convert HTML to text, with a blank line between paragraphs and shortened links restored."""
    parts: list[str] = []
    link: tuple[str, int] | None = None  # an open link's target, and the index of its first part
    position = 0
    unseen = False
    for tag in _TAG.finditer(html):
        if not unseen:
            parts.append(unescape(html[position : tag.start()]))
        position = tag.end()
        name = (tag[2] or "").lower()
        is_end = bool(tag[1])
        if name in _UNSEEN:
            unseen = not is_end
        elif name == "a" and not is_end:
            target = _TARGET.search(tag[3])
            link = unescape((target[1] or target[2] or "") if target else ""), len(parts)
        elif name == "a" and link:
            parts[link[1] :] = [_whole("".join(parts[link[1] :]), link[0])]
            link = None
        elif not is_end or name not in ("br", "li"):
            parts.append(_BREAKS.get(name, ""))
    if not unseen:
        parts.append(unescape(html[position:]))
    return re.sub(r"\n{3,}", "\n\n", re.sub(r"(?<![ \t])[ \t]++\n", "\n", "".join(parts))).strip()


def hashtags(text: str | None) -> list[str]:
    """Return the words after `#` or its wide form, in NFC and in order.

    Digits alone are no hashtag, and a `#` inside a word begins none.
    """
    runs = _HASHTAGS.findall(text) if text and _HASH.search(text) else []
    tags = [tag for run in runs for tag in _HASH.split(run) if _LETTER.search(tag)]
    return [composed(tag) for tag in tags]


def handles(text: str | None) -> list[str]:
    """Return the names after `@`, except in e-mail addresses."""
    return _HANDLE.findall(text or "")


def _whole(shown: str, target: str) -> str:
    """Return a link's text, or its whole target if the text is the target cut off by dots.

    Hacker News cuts off long links in this way.
    """
    return (
        target
        if len(shown) > len("...") and shown.endswith("...") and target.startswith(shown[:-3])
        else shown
    )
