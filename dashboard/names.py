"""Platforms as people write them; the API and addresses have their keys."""

_PLATFORMS = {
    "bluesky": "Bluesky",
    "custom": "Own data",
    "facebook": "Facebook",
    "hackernews": "Hacker News",
    "instagram": "Instagram",
    "linkedin": "LinkedIn",
    "mastodon": "Mastodon",
    "reddit": "Reddit",
    "x": "X",
}


def platform_name(key: str) -> str:
    """Return a platform's name; the key itself where it is a newer platform."""
    return _PLATFORMS.get(key, key)
