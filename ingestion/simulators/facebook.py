"""Simulate a Facebook page: ranked posts, comments on its first post, Meta's limits and errors.

Nine of ten made posts are comments on a first post without text, and each of them moves its
`updated_time`. The simulator states its limits in percent, and errors as status 400 with a code. A
page of a listing may be empty and still have a next one.

API: https://developers.facebook.com/docs/graph-api/reference/page/published_posts/
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

from ingestion.simulators.server.base import Simulator
from ingestion.simulators.server.http import HTTP_FAULTS, Answer, RateLimit, Request, http_server
from ingestion.simulators.server.scenario import SECOND
from ingestion.simulators.server.state import Faults, SimulatedPost, World
from schemas.epoch import to_datetime

TOKEN = "simulated-page-token"  # noqa: S105  # made up, and checked
PAGE = "1000"
_ROOT = "1"  # the post that is commented on
_HUGE = 10_000_000


@contextmanager
def _serve(world: World, faults: Faults, bind: tuple[str, int]) -> Iterator[str]:
    limit = RateLimit(world.scenario.limit, world.scenario.limit_window_s)

    def respond(request: Request) -> Answer:
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return _error(190, "OAuthException", "Invalid OAuth access token")
        had, left, reset_s = limit.take()
        use = {"call_count": 100 - 100 * left // limit.limit, "total_cputime": 1, "total_time": 1}
        business = [
            {"type": "pages", **use, "estimated_time_to_regain_access": 0 if left else reset_s / 60}
        ]
        headers = {
            "X-App-Usage": json.dumps(use),
            "X-Business-Use-Case-Usage": json.dumps({PAGE: business}),
        }
        answer = (
            _respond(world, request)
            if had
            else _error(32, "OAuthException", "Page request limit reached")
        )
        return Answer(answer.body, answer.status, headers)

    with http_server(respond, faults, bind) as address:
        yield address


SIMULATOR = Simulator(
    "facebook", _serve, HTTP_FAULTS, secrets={"access_token": TOKEN}, watchlist={"pages": (PAGE,)}
)


def _respond(world: World, request: Request) -> Answer:
    every = list(world.posts().values())
    live = [post for post in every if post.deleted_at is None]
    parts = request.path.strip("/").split("/")[1:]
    if parts == ["ids"] or (not parts and "ids" in request.query):
        return _look_up(live, request.one("ids").split(","))
    match parts:
        case [page, "published_posts"] if page == PAGE:
            since, until = (int(request.one(name, "0")) * SECOND for name in ("since", "until"))
            posts = [
                _shown(post)
                for post in every
                if not is_comment(post) and since <= post.created_at < until
            ]
            return listing_page(
                [*posts[::-1], _root(world)], request
            )  # ranked, so not in the order of time
        case [post_id, "comments"]:
            comments = [_shown(post) for post in every if is_comment(post)]
            return listing_page(comments if post_id == f"{PAGE}_{_ROOT}" else [], request)
    return _error(100, "GraphMethodException", "Unsupported get request")


def _shown(post: SimulatedPost) -> dict[str, Any] | None:
    """Return a post's item; None for a deleted post, whose place stays so that no page shifts."""
    return (
        None
        if post.deleted_at is not None
        else comment_of(post)
        if is_comment(post)
        else post_of(post)
    )


def listing_page(items: list[dict[str, Any] | None], request: Request) -> Answer:
    """Return at most `limit` items; an empty page follows the first."""
    token = request.one("after", "0e")
    start = int(token.rstrip("ep"))
    is_pause = token.endswith("p")
    page = [] if is_pause else items[start : start + int(request.one("limit", "25"))]
    end = start + len(page)
    following = f"{end}p" if start == 0 and not is_pause and end < len(items) else f"{end}e"
    paging = {"cursors": {"before": token, "after": following}}
    has_next = end < len(items)
    address = {
        "next": f"https://graph.facebook.com/next?access_token=never-use-this&after={following}"
    }
    data = [item for item in page if item is not None]
    return Answer({"data": data, "paging": paging | (address if has_next else {})})


def _look_up(live: list[SimulatedPost], ids: list[str]) -> Answer:
    wanted = {number.partition("_")[2]: number for number in ids}
    known = {
        f"{PAGE}_{_ROOT}": {"id": f"{PAGE}_{_ROOT}", "created_time": "2026-01-01T00:00:00+0000"}
    }
    for post in live:
        if str(100 + post.number) in wanted:
            item = comment_of(post) if is_comment(post) else post_of(post)
            known[item["id"]] = item
    if any(number not in known for number in ids):
        return _error(100, "GraphMethodException", "Unsupported get request. Object does not exist")
    return Answer({number: known[number] for number in ids})


def _error(code: int, kind: str, message: str) -> Answer:
    return Answer(
        {"error": {"message": message, "type": kind, "code": code, "fbtrace_id": "x"}},
        HTTPStatus.BAD_REQUEST,
    )


def _root(world: World) -> dict[str, Any]:
    comments = [post.created_at for post in world.posts().values() if is_comment(post)]
    created = world.events[0].at
    return {
        "id": f"{PAGE}_{_ROOT}",
        "created_time": _iso(created),
        "updated_time": _iso(max([created, *comments])),
        "comments": _summary(len(comments)),
    }


def _summary(count: int) -> dict[str, Any]:
    return {"data": [], "summary": {"order": "ranked", "total_count": count, "can_comment": False}}


def is_comment(post: SimulatedPost) -> bool:
    """Return whether a made post is a comment; nine in ten are."""
    return post.number % 10 != 0


def post_of(post: SimulatedPost) -> dict[str, Any]:
    """Return a post with the fields that a reader requests."""
    return _spoiled(
        post,
        {
            "id": f"{PAGE}_{100 + post.number}",
            "message": post.text + ("x" * _HUGE if post.defect == "huge" else ""),
            "created_time": _iso(post.created_at),
            "updated_time": _iso(post.edited_at or post.created_at),
            "permalink_url": f"https://www.facebook.com/{PAGE}/posts/{100 + post.number}/",
            "from": {"id": PAGE, "name": "Simulated Page"},
            "comments": _summary(0),
        },
    )


def comment_of(post: SimulatedPost) -> dict[str, Any]:
    """Return a comment with the fields that a reader requests."""
    return _spoiled(
        post,
        {
            "id": f"{_ROOT}_{100 + post.number}",
            "message": post.text + ("x" * _HUGE if post.defect == "huge" else ""),
            "created_time": _iso(post.created_at),
            "comment_count": 0,
            "like_count": post.number % 5,
            "permalink_url": f"https://www.facebook.com/{PAGE}/posts/{_ROOT}/"
            f"?comment_id={100 + post.number}",
        },
    )


def _spoiled(post: SimulatedPost, item: dict[str, Any]) -> dict[str, Any]:
    if post.defect == "no_id":
        return {**item, "id": None, "permalink_url": None}
    return {**item, "created_time": "yesterday"} if post.defect == "time_as_text" else item


def _iso(micros: int) -> str:
    return to_datetime(micros).strftime("%Y-%m-%dT%H:%M:%S+0000")
