"""Messages in place of missing figures: the cause, and what to do about it."""

from dashboard import parts
from dashboard.figures import count

_KEY_COMMANDS = (
    "echostream api-keys create --name dashboard --scope mentions:read",
    "echostream dashboard --api-key-file FILE",
)
_AGAIN = "This page looks again every few seconds and goes on by itself."


def problem(kind: str, detail: str, api_url: str) -> str:
    """Return the state for a problem with the API; an unknown kind is a refusal."""
    if kind == "away":
        return parts.state(
            "The API does not answer",
            f"Nothing answers at {api_url}. Start it with:",
            ("echostream serve",),
            _AGAIN,
        )
    if kind == "key":
        return parts.state(
            "The API asks for a key",
            "This dashboard was started without a key, or its key was revoked or has expired."
            " Make one and start the dashboard with it:",
            _KEY_COMMANDS,
            detail,
        )
    if kind == "scope":
        return parts.state(
            "This key may not read posts",
            "The dashboard's key lacks the scope mentions:read. Make one that has it:",
            _KEY_COMMANDS,
            detail,
        )
    if kind == "limited":
        return parts.state(
            "Too many questions",
            "The API allows this key no more questions for the moment.",
            (),
            _AGAIN,
        )
    if kind == "busy":
        return parts.state(
            "The lake cannot be read at the moment",
            detail or "The API answers, and its lake does not.",
            (),
            _AGAIN,
        )
    return parts.state(
        "The API refused this question",
        detail or "It gave no reason. Do API and dashboard have the same version?",
        (),
        _AGAIN,
    )


def no_posts_yet() -> str:
    """Return the state of a lake that has no post."""
    return parts.state(
        "No posts yet",
        "This lake has no posts. Follow a brand on live platforms:",
        ("make live WATCH='coffee OR \"cold brew\"'",),
        "Or look at made posts: make demo KEEP=1. The first figures appear here by themselves.",
    )


def too_few_authors(hidden: int, least: int) -> str:
    """Return the state of a period whose cells this key may not see."""
    return parts.state(
        "Too few authors for figures",
        f"Sums are shown of hours in which a channel has at least {least} authors, and this period"
        f" has only others: {count(hidden)}. Posts themselves are on the page Posts.",
        (),
        "A key of the lake's owner (scope admin) sees the sums of all hours.",
    )


def no_match() -> str:
    """Return the state of filters that no post passes."""
    return parts.state(
        "No posts match these filters",
        "Take a longer period, more platforms, or no channel, in the sidebar.",
    )


def broken() -> str:
    """Return the state of a page that failed for a reason of its own."""
    return parts.state(
        "This page could not be drawn",
        "The reason is in the log of `echostream dashboard`. Reload the page; where that does not"
        " help, please report it with those lines.",
    )
