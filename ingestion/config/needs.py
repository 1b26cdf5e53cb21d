"""What reading a platform live needs before it can start, and where a person gets it.

Readers take their hints from here, and `echostream doctor` lists what is still missing.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from ingestion.config.credentials import variable_of
from ingestion.config.watchlists import Watchlist


@dataclass(frozen=True, slots=True)
class Credential:
    """A credential: its name, how a person gets it, and what it adds where it is optional."""

    name: str
    how: str
    adds: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What a platform's reader asks for.

    Attributes:
        packages: of the extra `live`, without which it cannot be imported.
        credentials: each by its name.
        watched: the list in the watchlist that must name something; None: none has to.
        budget: the unit that costs money or a small quota; None: reading costs nothing.
    """

    packages: tuple[str, ...]
    credentials: tuple[Credential, ...] = ()
    watched: str | None = None
    budget: str | None = None


_REDDIT_KEY = "Reddit gives keys on request: https://www.reddit.com/prefs/apps, of the kind script."
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
                "The Reddit account that owns the key: Reddit wants to know whom to turn to.",
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
                "A Page token with pages_read_engagement, or Page Public Content Access:"
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
                "A Business or Creator account with Instagram Public Content Access:"
                f" {_META_APPS}.",
            ),
            Credential(
                "user_id",
                "The id of that account, with which hashtags are searched:"
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
                "A token with r_organization_social of a member with a role on the page:"
                " https://www.linkedin.com/developers/apps.",
            ),
        ),
        watched="accounts",
        budget="calls",
    ),
}


def how_to_get(platform: str, name: str) -> str:
    """Return the sentence that says how a person gets a credential."""
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
    """Yield what is still missing, each with where one gets it or sets it.

    Args:
        platform: whose reader shall start.
        secrets: the credentials that are set, by name.
        watchlist: what is watched.
        budgets: the units that are limited.
        watchlists: the file that says what is watched.
        budgets_file: the file that says what may be spent.
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
