"""Name platforms as people write them. The API and addresses use keys such as `hackernews`."""

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
    """Return a platform's name, or its key if the name is unknown."""
    return _PLATFORMS.get(key, key)
