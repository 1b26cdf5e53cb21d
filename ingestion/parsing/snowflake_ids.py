"""Read the time inside some platforms' ids: it never changes, and every answer and delete has it.

Each function returns microseconds since 1970, or None if the id holds no time or an implausible
one. `observed_at` bounds the time; None sets no bound.
"""

import re

from foundation.policies import policy_of
from ingestion.parsing.timestamps import plausible

_X_EPOCH = 1_288_834_974_657  # milliseconds; ids had no time inside before November 2010
_X_FIRST = 30_000_000_000
_INSTAGRAM_EPOCH = 1_314_220_021_721  # milliseconds
_SHORTCODE_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_SHORTCODE = re.compile(r"/(?:p|reel|tv)/([A-Za-z0-9_-]{10,11})(?:[/?#]|$)")
_MASTODON = re.compile(r"/statuses/(\d{15,19})(?:/activity)?$")


def x_micros(number: int, observed_at: int | None) -> int | None:
    """Return the time inside the id of a post of X."""
    if number < _X_FIRST:
        return None
    return plausible(
        ((number >> 22) + _X_EPOCH) * 1000, since=policy_of("x").since, seen_at=observed_at
    )


def mastodon_micros(uri: str, observed_at: int | None) -> int | None:
    """Return the time inside the id of a status's `uri`.

    The status's own server made that id, so it is the same on every server.
    """
    match = _MASTODON.search(uri)
    micros = (int(match[1]) >> 16) * 1000 if match else None
    return micros and plausible(micros, since=policy_of("mastodon").since, seen_at=observed_at)


def instagram_micros(permalink: str | None, observed_at: int | None) -> int | None:
    """Return the time inside the shortcode of a medium's link.

    Meta does not document it; docs/reference/platforms.md has the evidence.
    """
    match = _SHORTCODE.search(permalink or "")
    if not match:
        return None
    number = 0
    for digit in match[1]:
        number = number * 64 + _SHORTCODE_ALPHABET.index(digit)
    micros = ((number >> 23) + _INSTAGRAM_EPOCH) * 1000
    return plausible(micros, since=policy_of("instagram").since, seen_at=observed_at)
