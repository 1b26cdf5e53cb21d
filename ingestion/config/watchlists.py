"""Read conf/watchlists.toml, which says what the producers read of each platform."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from foundation.conf_files import conf_dir, read_toml
from foundation.errors import SettingsError
from ingestion.config.keywords import contains_any


@dataclass(frozen=True, slots=True)
class Watchlist:
    """The watchlist of one platform; an empty list sets no limit.

    `keywords` and `languages` filter posts after they were read. Deletes always pass, and so do
    edits of posts that were or may have been sent. A keyword is a word or a phrase and matches only
    whole words: `art` is not found in "party".
    """

    keywords: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    hashtags: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
    instances: tuple[str, ...] = ()
    subreddits: tuple[str, ...] = ()
    pages: tuple[str, ...] = ()
    queries: tuple[str, ...] = ()

    def wants(self, *texts: str | None, lang: str | None) -> bool:
        """Return whether a post with these texts passes `keywords` and `languages`."""
        if self.languages and (lang or "").split("-")[0].lower() not in self.languages:
            return False
        return not self.keywords or contains_any(self.keywords, texts)


def watchlist_of(platform: str, file: Path | None = None) -> Watchlist:
    """Read the watchlist of one platform; it is empty if the file has none.

    Raises:
        SettingsError: a name is unknown or a value is not a list of texts.
    """
    return parse_watchlist(
        platform, read_toml(file or conf_dir() / "watchlists.toml").get(platform, {})
    )


def parse_watchlist(platform: str, values: Mapping[str, Any]) -> Watchlist:
    """Convert a table of the file to a watchlist; raises as `watchlist_of` does."""
    known = {field.name for field in fields(Watchlist)}
    for name, value in values.items():
        if name not in known:
            raise SettingsError(
                f"watchlists: {platform}.{name} is unknown",
                remedy="Known: " + ", ".join(sorted(known)),
            )
        if not isinstance(value, list) or not all(
            isinstance(item, str) and item.strip() for item in value
        ):
            raise SettingsError(
                f"watchlists: {platform}.{name} is not a list of texts",
                remedy='Write name = ["one", "two"]',
            )
    lowered = ("keywords", "languages")
    return Watchlist(
        **{
            name: tuple(item.strip().lower() if name in lowered else item.strip() for item in value)
            for name, value in values.items()
        }
    )
