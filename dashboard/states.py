"""Show messages in place of missing figures: the cause, and what to do about it."""

from dashboard import parts
from dashboard.figures import count

_KEY_COMMANDS = (
    "echostream api-keys create --name dashboard --scope mentions:read",
    "echostream dashboard --api-key-file FILE",
)
_AGAIN = "This page tries again every few seconds."


def problem(kind: str, detail: str, api_url: str) -> str:
    """Return the message for a problem with the API. An unknown kind counts as a refusal."""
    if kind == "away":
        return parts.state(
            "The API does not answer",
            f"Nothing answers at {api_url}. Start the API with:",
            ("echostream serve",),
            _AGAIN,
        )
    if kind == "key":
        return parts.state(
            "The API asks for a key",
            "This dashboard was started without an API key, or its key has expired or was revoked."
            " Create a key and start the dashboard with it:",
            _KEY_COMMANDS,
            detail,
        )
    if kind == "scope":
        return parts.state(
            "This key may not read posts",
            "The dashboard's key lacks the scope mentions:read. Create a key that has it:",
            _KEY_COMMANDS,
            detail,
        )
    if kind == "limited":
        return parts.state(
            "Too many requests",
            "The dashboard's key has used up its limit of requests for the moment.",
            (),
            _AGAIN,
        )
    if kind == "busy":
        return parts.state(
            "The data cannot be read at the moment",
            detail or "The API answers, but it cannot read the stored data.",
            (),
            _AGAIN,
        )
    return parts.state(
        "The API refused this request",
        detail or "It gave no reason. Check that API and dashboard have the same version.",
        (),
        _AGAIN,
    )


def no_posts_yet() -> str:
    """Return the message for a lake without posts."""
    return parts.state(
        "No posts yet",
        "No posts have been collected yet. Follow a brand on live platforms:",
        ("make live WATCH='coffee OR \"cold brew\"'",),
        "Or try it with generated posts: make demo KEEP=1. New figures appear here by themselves.",
    )


def too_few_authors(hidden: int, least: int) -> str:
    """Return the message for a period in which all cells are small ones."""
    return parts.state(
        "Too few authors for figures",
        f"To protect authors, figures leave out hours of a channel with fewer than {least} authors."
        f" In this period that is all of them: {count(hidden)}. The page Posts shows the posts.",
        (),
        "An administrator's API key (scope admin) shows the figures of all hours.",
    )


def no_match() -> str:
    """Return the message for filters that no post matches."""
    return parts.state(
        "No posts match these filters",
        "Choose a longer period, more platforms or no channel in the sidebar.",
    )


def broken() -> str:
    """Return the message for a page that failed by an error of the dashboard."""
    return parts.state(
        "This page could not be drawn",
        "Reload the page. If that does not help, please report it with the lines that"
        " `echostream dashboard` has logged.",
    )
