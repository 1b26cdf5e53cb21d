"""Simulate LinkedIn: one organisation's posts by offset, last changed first, and their comments.

All comments belong to the organisation's first post.

API: https://learn.microsoft.com/en-us/linkedin/marketing/community-management/shares/comments-api
"""

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

from ingestion.simulators.server.base import Simulator
from ingestion.simulators.server.http import HTTP_FAULTS, Answer, RateLimit, Request, http_server
from ingestion.simulators.server.state import Faults, SimulatedPost, World

TOKEN = "simulated-linkedin-token"  # noqa: S105  # made up, and checked
ORGANISATION = "urn:li:organization:2414183"
_ROOT = "urn:li:share:7000000000000000000"  # the post that is commented on
_HEADERS = {"x-restli-protocol-version": "2.0.0"}
_HUGE = 10_000_000


@contextmanager
def _serve(world: World, faults: Faults, bind: tuple[str, int]) -> Iterator[str]:
    limit = RateLimit(world.scenario.limit, world.scenario.limit_window_s)

    def respond(request: Request) -> Answer:
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return _error(HTTPStatus.UNAUTHORIZED, "Invalid access token")
        if any(request.headers.get(name) != value for name, value in _HEADERS.items()):
            return _error(HTTPStatus.BAD_REQUEST, "Restli protocol version is missing")
        if not request.headers.get("linkedin-version", "").isdecimal():
            return _error(HTTPStatus.UPGRADE_REQUIRED, "A version must be present")
        if not limit.take()[0]:
            return _error(HTTPStatus.TOO_MANY_REQUESTS, "Resource level throttle DAY limit reached")
        return _respond(world, request)

    with http_server(respond, faults, bind) as address:
        yield address


SIMULATOR = Simulator(
    "linkedin",
    _serve,
    HTTP_FAULTS,
    secrets={"access_token": TOKEN},
    watchlist={"accounts": (ORGANISATION,)},
)


def _respond(world: World, request: Request) -> Answer:
    live = [post for post in world.posts().values() if post.deleted_at is None]
    match [unquote(part) for part in request.path.strip("/").split("/")]:
        case ["rest", "posts"] if request.one("author") == ORGANISATION:
            posts = [post_of(post) for post in live if not is_comment(post)]
            posts.sort(key=lambda post: -int(post["lastModifiedAt"]))
            return _page([*posts, _root(world)], request)
        case ["rest", "posts", urn]:
            elements = [
                post_of(post) for post in live if not is_comment(post) and _urn(post) == urn
            ]
            return _one([*elements, *([_root(world)] if urn == _ROOT else [])])
        case ["rest", "socialActions", urn, "comments"]:
            return _page(
                [comment_of(post) for post in live if is_comment(post)] if urn == _ROOT else [],
                request,
            )
        case ["rest", "socialActions", urn, "comments", number] if urn == _ROOT:
            return _one(
                [comment_of(post) for post in live if is_comment(post) and _number(post) == number]
            )
    return _error(HTTPStatus.NOT_FOUND, "Resource not found")


def _page(items: list[dict[str, Any]], request: Request) -> Answer:
    start = int(request.one("start", "0"))
    count = min(100, int(request.one("count", "10")))
    paging = {"start": start, "count": count, "total": len(items), "links": []}
    return Answer({"elements": items[start : start + count], "paging": paging})


def _one(elements: list[dict[str, Any]]) -> Answer:
    return Answer(elements[0]) if elements else _error(HTTPStatus.NOT_FOUND, "Resource not found")


def _error(status: HTTPStatus, message: str) -> Answer:
    return Answer(
        {"status": int(status), "serviceErrorCode": 65600, "message": message}, int(status)
    )


def _root(world: World) -> dict[str, Any]:
    at = world.events[0].at // 1000
    return {
        "id": _ROOT,
        "author": ORGANISATION,
        "lifecycleState": "PUBLISHED",
        "visibility": "PUBLIC",
        "createdAt": at,
        "lastModifiedAt": at,
    }


def is_comment(post: SimulatedPost) -> bool:
    """Return whether a made post is a comment; nine in ten are."""
    return post.number % 10 != 0


def post_of(simulated: SimulatedPost) -> dict[str, Any]:
    """Return a post as the Posts API shows it."""
    at = simulated.created_at // 1000
    post: dict[str, Any] = {
        "id": _urn(simulated),
        "author": ORGANISATION,
        "commentary": _escaped(simulated.text)
        + ("x" * _HUGE if simulated.defect == "huge" else ""),
        "visibility": "PUBLIC",
        "lifecycleState": "PUBLISHED",
        "createdAt": at,
        "publishedAt": at,
        "lastModifiedAt": (simulated.edited_at or simulated.created_at) // 1000,
        "isReshareDisabledByAuthor": False,
    }
    if simulated.defect == "no_id":
        del post["id"]
    return {**post, "createdAt": "yesterday"} if simulated.defect == "time_as_text" else post


def comment_of(post: SimulatedPost) -> dict[str, Any]:
    """Return a comment as the Comments API shows it."""
    actor = f"urn:li:person:member{post.author}"
    comment: dict[str, Any] = {
        "id": _number(post),
        "actor": actor,
        "object": _ROOT,
        "created": {"actor": actor, "time": post.created_at // 1000},
        "lastModified": {"actor": actor, "time": (post.edited_at or post.created_at) // 1000},
        "message": {
            "attributes": [],
            "text": post.text + ("x" * _HUGE if post.defect == "huge" else ""),
        },
        "commentUrn": f"urn:li:comment:({_ROOT},{_number(post)})",
        "likesSummary": {"totalLikes": post.number % 4},
    }
    if post.defect == "no_id":
        del comment["id"], comment["commentUrn"]
    if post.defect == "time_as_text":
        comment["created"] = {"actor": actor, "time": "yesterday"}
    return comment


def _urn(post: SimulatedPost) -> str:
    return f"urn:li:share:{7_100_000_000_000_000_000 + post.number}"


def _number(post: SimulatedPost) -> str:
    return str(7_200_000_000_000_000_000 + post.number)


def _escaped(text: str) -> str:
    """Escape a text as LinkedIn's "little text format" requires."""
    return "".join(f"\\{char}" if char in "\\|{}@[]()<>#*_~" else char for char in text)
