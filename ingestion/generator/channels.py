"""Define each platform's channels, and the form of its ids and links.

A platform without an entry gets the default ones, so adding a platform needs no change here.
"""

from dataclasses import dataclass

from ingestion.generator.authors import Author
from ingestion.generator.seeded_random import base36

_X_EPOCH_MS = 1_288_834_974_657
_TID = "234567abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class PlatformTraits:
    """One platform as the generator sees it."""

    weight: int  # its share of all posts, relative to the other weights
    channels: tuple[str, ...]
    gladness: float  # the share of positive posts in an ordinary hour
    anger: float  # the share of negative posts in an ordinary hour
    titled: bool = False  # whether its posts have a title, except replies


TRAITS = {
    "reddit": PlatformTraits(
        25,
        ("gadgets", "selfhosted", "onlinebanking", "nighttrains", "webdev"),
        0.30,
        0.35,
        titled=True,
    ),
    "bluesky": PlatformTraits(15, ("cloud", "travel", "apps"), 0.42, 0.22),
    "mastodon": PlatformTraits(
        10, ("mastodon.example", "tech.example", "rail.example"), 0.40, 0.20
    ),
    "hackernews": PlatformTraits(8, ("front", "ask", "show"), 0.25, 0.25, titled=True),
    "x": PlatformTraits(20, ("services", "outage", "deals", "flights"), 0.28, 0.45),
    "facebook": PlatformTraits(
        8, ("Lumora Users", "Harbour Neighbours", "Tramway Fans"), 0.38, 0.30
    ),
    "instagram": PlatformTraits(8, ("lumora.studio", "fernbrook.home", "velaro.bikes"), 0.60, 0.10),
    "linkedin": PlatformTraits(6, ("Oakmetric", "Pipewell", "Nordhaven Group"), 0.50, 0.08),
    "custom": PlatformTraits(5, ("feedback form", "support chat", "yearly survey"), 0.35, 0.40),
}
_LINKS = {
    "reddit": "https://www.reddit.com/comments/{bare}/",
    "bluesky": "https://bsky.app/profile/{handle}/post/{last}",
    "mastodon": "https://mastodon.example/@{handle}/{last}",
    "hackernews": "https://news.ycombinator.com/item?id={id}",
    "x": "https://x.com/{handle}/status/{id}",
    "custom": None,
}
DEFAULT_TRAITS = PlatformTraits(5, ("general", "news"), 0.35, 0.30)


def traits_of(platform: str) -> PlatformTraits:
    """Return a platform's traits, or the default ones."""
    return TRAITS.get(platform, DEFAULT_TRAITS)


def post_id(
    platform: str, number: int, created_at: int, author: Author | None, *, titled: bool
) -> str:
    """Return an id in the platform's form; the number makes it unique."""
    match platform:
        case "reddit":
            return f"{'t3' if titled else 't1'}_{base36(number)}"
        case "bluesky":
            return f"{author.id if author else 'did:plc:gone'}/app.bsky.feed.post/{_tid(number)}"
        case "mastodon":
            return f"{author.id if author else 'https://mastodon.example/users/gone'}/statuses/{number}"
        case "x":
            return str((created_at // 1000 - _X_EPOCH_MS << 22) | (number & 0x3FFFFF))
        case "linkedin":
            return f"urn:li:share:{number}"
        case _:
            return str(number)


def link(platform: str, id_: str, author: Author | None) -> str | None:
    """Return the address of a post; None if its platform has no pages."""
    handle = author.handle if author else "gone"
    last = id_.rpartition("/")[2]
    if platform in _LINKS:
        form = _LINKS[platform]
        return form and form.format(id=id_, bare=id_[3:], last=last, handle=handle)
    return f"https://www.{platform}.com/{handle}/posts/{last}"


def profile_channel(platform: str, author: Author) -> str:
    """Return the channel of a post on the author's own page."""
    return f"u_{author.handle}" if platform == "reddit" else author.handle


def _tid(number: int) -> str:
    """Return a record key in Bluesky's form: thirteen digits in base 32."""
    return "".join(_TID[number >> shift & 31] for shift in range(60, -1, -5))
