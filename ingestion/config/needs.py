"""List the packages, credentials and settings that each platform's reader needs to start.

The readers' errors quote this list, and `echostream doctor` shows the needs that are not met.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from ingestion.config.credentials import variable_of
from ingestion.config.watchlists import Watchlist


@dataclass(frozen=True, slots=True)
class Credential:
    """A credential that a reader uses."""

    name: str
    how: str  # tells a person how to get it
    adds: str = ""  # what it allows, if it is optional; empty: it is required


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """The needs of a platform's reader.

    Attributes:
        packages: the packages of the extra `live` that it imports.
        credentials: the credentials that it uses.
        watched: the list of the watchlist that must not be empty; None: no list must.
        budget: the unit that costs money or a small quota; None: reading costs nothing.
    """

    packages: tuple[str, ...]
    credentials: tuple[Credential, ...] = ()
    watched: str | None = None
    budget: str | None = None


_REDDIT_KEY = "Request a key of the kind script at https://www.reddit.com/prefs/apps."
_META_APPS = "https://developers.facebook.com/apps"
NEEDS: Mapping[str, Needs] = {
    "bluesky": Needs(packages=("websockets",)),
    "hackernews": Needs(packages=("httpx2",)),
    "mastodon": Needs(
        packages=("httpx2", "websockets"),
        credentials=(
            Credential(
                "access_token",
                "Register an application with scope read:statuses under Preferences, Development,"
                " and set ECHOSTREAM_CREDENTIALS__MASTODON_ACCESS_TOKEN",
                adds="the stream",
            ),
        ),
        watched="instances",
    ),
    "reddit": Needs(
        packages=("praw",),
        credentials=(
            Credential("client_id", _REDDIT_KEY),
            Credential("client_secret", _REDDIT_KEY),
            Credential(
                "username",
                "Name the Reddit account that owns the key, which Reddit may contact.",
            ),
        ),
        watched="subreddits",
    ),
    "x": Needs(
        packages=("httpx2",),
        credentials=(
            Credential(
                "bearer_token",
                "Create an app with pay-per-use credits at https://console.x.com and copy its"
                " Bearer token.",
            ),
        ),
        watched="queries",
        budget="usd",
    ),
    "facebook": Needs(
        packages=("httpx2",),
        credentials=(
            Credential(
                "access_token",
                "Get a Page token with pages_read_engagement, or Page Public Content Access, at"
                f" {_META_APPS}.",
            ),
        ),
        watched="pages",
    ),
    "instagram": Needs(
        packages=("httpx2",),
        credentials=(
            Credential(
                "access_token",
                "Get a token of a Business or Creator account with Instagram Public Content Access"
                f" at {_META_APPS}.",
            ),
            Credential(
                "user_id",
                "Get the id of that account, which searches hashtags, by"
                " GET /me/accounts?fields=instagram_business_account.",
            ),
        ),
        watched="hashtags",
    ),
    "linkedin": Needs(
        packages=("httpx2",),
        credentials=(
            Credential(
                "access_token",
                "Get a token with r_organization_social, of a member with a role on the page, at"
                " https://www.linkedin.com/developers/apps.",
            ),
        ),
        watched="accounts",
        budget="calls",
    ),
}


def how_to_get(platform: str, name: str) -> str:
    """Return the sentence that tells a person how to get a credential."""
    return next(item.how for item in NEEDS[platform].credentials if item.name == name)


def missing_needs(
    platform: str,
    secrets: Mapping[str, str],
    watchlist: Watchlist,
    budgets: Collection[str],
    *,
    watchlists: str,
    budgets_file: str,
) -> Iterator[str]:
    """Yield each need that is not met, with the place to get it or the file to set it in.

    Args:
        platform: the platform to read.
        secrets: the credentials that are set, by name.
        watchlist: the platform's watchlist.
        budgets: the units that have a limit.
        watchlists: the path of the file of watchlists.
        budgets_file: the path of the file of budgets.
    """
    needs = NEEDS[platform]
    absent = [item for item in needs.credentials if not item.adds and not secrets.get(item.name)]
    for how in dict.fromkeys(item.how for item in absent):
        names = [variable_of(platform, item.name) for item in absent if item.how == how]
        yield f"{' and '.join(names)} ({how.rstrip('.')})"
    if needs.watched and not getattr(watchlist, needs.watched):
        yield f"{needs.watched} of [{platform}] in {watchlists}"
    if needs.budget and needs.budget not in budgets:
        yield f"a budget of {needs.budget} for [{platform}] in {budgets_file}"
