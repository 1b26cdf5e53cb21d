"""Simulate Instagram by hashtag: the last 24 hours, roughly in order, one cursor for all pages.

API: https://developers.facebook.com/docs/instagram-platform/instagram-graph-api/reference/ig-hashtag/recent-media
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

_SECRETS = {"access_token": "simulated-ig-token", "user_id": "17841400000000001"}
_HASHTAG = "17843826142000001"
_WINDOW_S = 86_400
_EPOCH_MS = 1_314_220_021_721
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_ONE_CURSOR = "QVFIsame"
_OWN_BITS = 2**23 - 1  # of an id, below its time
_HUGE = 10_000_000


@contextmanager
def _serve(world: World, faults: Faults, bind: tuple[str, int]) -> Iterator[str]:
    limit = RateLimit(world.scenario.limit, world.scenario.limit_window_s)
    session: dict[str, int] = {}  # the position of the one reader, since its cursor has none

    def respond(request: Request) -> Answer:
        if request.headers.get("authorization") != f"Bearer {_SECRETS['access_token']}":
            return _error(190, "Invalid OAuth access token")
        had, left, reset_s = limit.take()
        use = {
            "type": "instagram",
            "call_count": 100 - 100 * left // limit.limit,
            "total_cputime": 1,
            "total_time": 1,
        }
        report = {
            _SECRETS["user_id"]: [
                {**use, "estimated_time_to_regain_access": 0 if left else reset_s / 60}
            ]
        }
        answer = (
            _respond(world, request, session)
            if had
            else _error(80002, "There have been too many calls")
        )
        return Answer(answer.body, answer.status, {"X-Business-Use-Case-Usage": json.dumps(report)})

    with http_server(respond, faults, bind) as address:
        yield address


SIMULATOR = Simulator(
    "instagram", _serve, HTTP_FAULTS, secrets=_SECRETS, watchlist={"hashtags": ("simulated",)}
)


def _respond(world: World, request: Request, session: dict[str, int]) -> Answer:
    every = list(world.posts().values())
    live = [post for post in every if post.deleted_at is None]
    match request.path.strip("/").split("/")[1:]:
        case ["ig_hashtag_search"] if request.one("user_id") == _SECRETS["user_id"]:
            return Answer({"data": [{"id": _HASHTAG}]})
        case [user, "recently_searched_hashtags"] if user == _SECRETS["user_id"]:
            return Answer({"data": [{"id": _HASHTAG, "name": "simulated"}]})
        case [hashtag, "recent_media"] if hashtag == _HASHTAG:
            oldest = world.clock() - _WINDOW_S * SECOND
            recent = [post for post in every if post.created_at >= oldest]
            recent.sort(key=lambda post: -(post.number ^ 1))  # neighbours are swapped
            # A deleted one keeps its place, so that no page shifts.
            media = [medium_of(post) if post.deleted_at is None else None for post in recent]
            return listing_page(media, request, session)
        case []:
            wanted = request.one("ids").split(",")
            named = {int(number) & _OWN_BITS for number in wanted}
            known = {str(_number(post)): medium_of(post) for post in live if post.number in named}
            if any(number not in known for number in wanted):
                return _error(100, "Unsupported get request. Object does not exist")
            return Answer({number: known[number] for number in wanted})
    return _error(100, "Unsupported get request")


def listing_page(
    items: list[dict[str, Any] | None], request: Request, session: dict[str, int]
) -> Answer:
    start = session.get("place", 0) if request.one("after") == _ONE_CURSOR else 0
    page = items[start : start + min(50, int(request.one("limit", "25")))]
    session["place"] = start + len(page)
    data = [item for item in page if item is not None]
    if start + len(page) >= len(items):
        return Answer({"data": data})
    address = f"https://graph.facebook.com/next?access_token=never-use-this&after={_ONE_CURSOR}"
    return Answer({"data": data, "paging": {"cursors": {"after": _ONE_CURSOR}, "next": address}})


def medium_of(post: SimulatedPost) -> dict[str, Any]:
    """Return a medium with the fields that a reader requests; none has the time of an edit."""
    number = _number(post)
    code = ""
    for _ in range(11):
        number, digit = divmod(number, 64)
        code = _ALPHABET[digit] + code
    medium: dict[str, Any] = {
        "id": str(_number(post)),
        "caption": post.text + ("x" * _HUGE if post.defect == "huge" else ""),
        "media_type": "IMAGE",
        "timestamp": to_datetime(post.created_at).strftime("%Y-%m-%dT%H:%M:%S+0000"),
        "permalink": f"https://www.instagram.com/p/{code}/",
        "like_count": post.number % 9,
        "comments_count": 0,
    }
    if post.defect == "no_id":
        del medium["id"]
    if post.defect == "time_as_text":
        medium["timestamp"] = "yesterday"
    return medium


def _number(post: SimulatedPost) -> int:
    return (post.created_at // 1000 - _EPOCH_MS << 23) + post.number


def _error(code: int, message: str) -> Answer:
    error = {"message": message, "type": "OAuthException", "code": code, "fbtrace_id": "x"}
    return Answer({"error": error}, HTTPStatus.BAD_REQUEST)
