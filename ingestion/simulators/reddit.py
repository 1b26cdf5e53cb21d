"""Simulate Reddit: tokens, listings from the newest item down to a limit, and api/info.

A deleted comment stays in its listing as `[deleted]`; a deleted submission leaves it. An edit
within three minutes is not marked.

API: https://support.reddithelp.com/hc/en-us/articles/16160319875092-Reddit-Data-API-Wiki
"""

import base64
import html
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

from ingestion.simulators.server.base import Simulator
from ingestion.simulators.server.http import HTTP_FAULTS, Answer, RateLimit, Request, http_server
from ingestion.simulators.server.scenario import SECOND
from ingestion.simulators.server.state import Faults, SimulatedPost, World

_SECRETS = {
    "client_id": "simulated-id",
    "client_secret": "simulated-secret",
    "username": "simulated-user",
}
_TOKEN = "simulated-reddit-token"  # noqa: S105  # made up, and checked
_SUBMISSION_EVERY = 3
_UNMARKED = 180 * SECOND
_HUGE = 10_000_000
_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"


@contextmanager
def _serve(world: World, faults: Faults, bind: tuple[str, int]) -> Iterator[str]:
    limit = RateLimit(world.scenario.limit, world.scenario.limit_window_s)

    def respond(request: Request) -> Answer:
        if request.path == "/api/v1/access_token":
            return _token(request)
        had, left, reset_s = limit.take()
        headers = {
            "x-ratelimit-remaining": f"{left}.0",
            "x-ratelimit-used": str(limit.limit - left),
            "x-ratelimit-reset": str(int(reset_s) + 1),
        }
        if request.headers.get("authorization") != f"bearer {_TOKEN}":
            return Answer({"message": "Unauthorized", "error": 401}, HTTPStatus.UNAUTHORIZED)
        if not had:
            return Answer(
                {"message": "Too Many Requests", "error": 429},
                HTTPStatus.TOO_MANY_REQUESTS,
                headers,
            )
        answer = _respond(world, request)
        return Answer(answer.body, answer.status, headers)

    with http_server(respond, faults, bind) as address:
        yield address


SIMULATOR = Simulator(
    "reddit", _serve, HTTP_FAULTS, secrets=_SECRETS, watchlist={"subreddits": ("simulated",)}
)


def _token(request: Request) -> Answer:
    known = base64.b64encode(
        f"{_SECRETS['client_id']}:{_SECRETS['client_secret']}".encode()
    ).decode()
    if request.headers.get("authorization") != f"Basic {known}":
        return Answer({"message": "Unauthorized", "error": 401}, HTTPStatus.UNAUTHORIZED)
    return Answer(
        {"access_token": _TOKEN, "token_type": "bearer", "expires_in": 86400, "scope": "*"}
    )


def _respond(world: World, request: Request) -> Answer:
    posts = world.posts()
    match request.path.strip("/").split("/"):
        case ["r", _, "new"]:
            submissions = [
                post for post in posts.values() if is_submission(post) and post.deleted_at is None
            ]
            return _listing(submissions, request, world.scenario.depth)
        case ["r", _, "comments"]:
            comments = [post for post in posts.values() if not is_submission(post)]
            return _listing(comments, request, world.scenario.depth)
        case ["api", "info"]:
            named = {fullname(post): post for post in posts.values()}
            things = [named[name] for name in request.one("id").split(",") if name in named]
            return Answer(listing_page([thing_of(post) for post in things], None))
    return Answer({"message": "Not Found", "error": 404}, HTTPStatus.NOT_FOUND)


def _listing(posts: list[SimulatedPost], request: Request, depth: int) -> Answer:
    newest_first = sorted(posts, key=lambda post: -post.number)[:depth]
    after = request.one("after")
    names = [fullname(post) for post in newest_first]
    start = names.index(after) + 1 if after in names else 0
    page = newest_first[start : start + min(int(request.one("limit", "25")), 100)]
    is_last = start + len(page) >= len(newest_first)
    return Answer(
        listing_page(
            [thing_of(post) for post in page], None if is_last or not page else fullname(page[-1])
        )
    )


def listing_page(things: list[dict[str, Any]], after: str | None) -> dict[str, Any]:
    """Return a Listing of things; `after` names the last one if a next page follows."""
    return {
        "kind": "Listing",
        "data": {
            "after": after,
            "before": None,
            "dist": len(things),
            "modhash": None,
            "geo_filter": "",
            "children": things,
        },
    }


def is_submission(post: SimulatedPost) -> bool:
    """Return whether a made post is a submission; every third is, the others are comments."""
    return post.number % _SUBMISSION_EVERY == 0


def fullname(post: SimulatedPost) -> str:
    """Return a post's fullname: the thing's kind, and its id in base 36."""
    number = 10**9 + post.number
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = _ALPHABET[digit] + digits
    return f"{'t3' if is_submission(post) else 't1'}_{digits}"


def thing_of(post: SimulatedPost) -> dict[str, Any]:
    """Return a post as a thing, as Reddit shows it with raw_json=1."""
    is_gone = post.deleted_at is not None
    text = "[deleted]" if is_gone else post.text + ("x" * _HUGE if post.defect == "huge" else "")
    is_marked = post.edited_at is not None and post.edited_at - post.created_at > _UNMARKED
    name = fullname(post)
    created = float(post.created_at // SECOND)
    data: dict[str, Any] = {
        "name": name,
        "id": name[3:],
        "author": "[deleted]" if is_gone else f"member{post.author}",
        "created": created,
        "created_utc": created,
        "subreddit": "simulated",
        "likes": None,
        "distinguished": None,
        "edited": float((post.edited_at or 0) // SECOND) if is_marked else False,
        "score": post.number % 11,
        "ups": post.number % 11,
        "downs": 0,
        "gilded": 0,
        "permalink": f"/r/simulated/comments/a/{name[3:]}/",
    }
    markup = f'<div class="md"><p>{html.escape(text)}</p></div>'
    if is_submission(post):
        data |= {
            "title": f"Submission {post.number}",
            "selftext": text,
            "selftext_html": markup,
            **_SUBMISSION,
        }
    else:
        data |= {"body": text, "body_html": markup, "parent_id": "t3_abc", "replies": ""}
    if post.defect == "no_id":
        del data["name"], data["id"]
    if post.defect == "time_as_text":
        data["created_utc"] = "yesterday"
    return {"kind": name[:2], "data": data}


_SUBMISSION: dict[str, Any] = {
    "approved_by": None,
    "archived": False,
    "author_flair_css_class": None,
    "author_flair_text": None,
    "banned_by": None,
    "clicked": False,
    "domain": "self.simulated",
    "hidden": False,
    "hide_score": False,
    "is_self": True,
    "link_flair_css_class": None,
    "link_flair_text": None,
    "locked": False,
    "media": None,
    "media_embed": {},
    "mod_reports": [],
    "num_comments": 0,
    "num_reports": None,
    "over_18": False,
    "quarantine": False,
    "removal_reason": None,
    "report_reasons": None,
    "saved": False,
    "secure_media": None,
    "secure_media_embed": {},
    "stickied": False,
    "suggested_sort": None,
    "thumbnail": "self",
    "url": "https://www.reddit.com/r/simulated/",
    "user_reports": [],
    "visited": False,
}
