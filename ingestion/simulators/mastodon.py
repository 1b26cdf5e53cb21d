"""Simulate a Mastodon instance: timelines with rate limits, statuses by id, a stream for tokens.

API: https://docs.joinmastodon.org/methods/timelines
"""

import html
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from http import HTTPStatus
from threading import Event
from typing import Any
from urllib.parse import parse_qs, urlsplit

from foundation import clock
from ingestion.simulators.server.base import Simulator
from ingestion.simulators.server.http import HTTP_FAULTS, Answer, RateLimit, Request, http_server
from ingestion.simulators.server.scenario import ScenarioEvent
from ingestion.simulators.server.state import Faults, SimulatedPost, World
from ingestion.simulators.server.websocket import Refusal, frames_from, websocket_server
from schemas.epoch import to_datetime

TOKEN = "simulated-token"  # noqa: S105  # made up, and checked
_PAGE = 40
_TAG = "simulated"
_HUGE = 10_000_000


@contextmanager
def _serve(world: World, faults: Faults, bind: tuple[str, int]) -> Iterator[str]:
    limit = RateLimit(world.scenario.limit, world.scenario.limit_window_s)
    with _streaming(world, faults) as streaming:

        def respond(request: Request) -> Answer:
            had, left, reset_s = limit.take()
            now = clock.now()
            headers = {
                "X-RateLimit-Limit": str(limit.limit),
                "X-RateLimit-Remaining": str(left),
                "X-RateLimit-Reset": (now + timedelta(seconds=reset_s))
                .isoformat()
                .replace("+00:00", "Z"),
            }
            if not had:
                return Answer({"error": "Too many requests"}, HTTPStatus.TOO_MANY_REQUESTS, headers)
            answer = _respond(world, request, streaming)
            return Answer(answer.body, answer.status, {**headers, **answer.headers})

        with http_server(respond, faults, bind) as address:
            yield address


SIMULATOR = Simulator("mastodon", _serve, HTTP_FAULTS, {"access_token": TOKEN})


def _respond(world: World, request: Request, streaming: str) -> Answer:
    if request.headers.get("authorization", f"Bearer {TOKEN}") != f"Bearer {TOKEN}":
        return Answer({"error": "The access token is invalid"}, HTTPStatus.UNAUTHORIZED)
    posts = {status_id(post): post for post in world.posts().values() if post.deleted_at is None}
    match request.path:
        case "/api/v2/instance":
            return Answer(instance_facts(streaming))
        case "/api/v1/timelines/public":
            return listing_page(posts, request)
        case path if path.startswith("/api/v1/timelines/tag/"):
            return listing_page(posts if path.endswith(f"/{_TAG}") else {}, request)
        case "/api/v1/statuses":
            wanted = request.query.get("id[]", [])[:20]
            return Answer([status_of(posts[number]) for number in wanted if number in posts])
    return Answer({"error": "Record not found"}, HTTPStatus.NOT_FOUND)


def listing_page(posts: dict[str, SimulatedPost], request: Request) -> Answer:
    """Return a page of a timeline, newest first; with `min_id` the page right after that id."""
    after = int(request.one("min_id") or request.one("since_id") or 0)
    before = int(request.one("max_id") or 2**63)
    size = min(int(request.one("limit", "20")), _PAGE)
    ids = sorted(int(number) for number in posts if after < int(number) < before)
    ids = ids[:size] if request.one("min_id") else ids[-size:]
    ids.reverse()
    if not ids:
        return Answer([])
    here = f"http://{request.headers.get('host', '')}{request.path}"
    link = f'<{here}?max_id={ids[-1]}>; rel="next", <{here}?min_id={ids[0]}>; rel="prev"'
    return Answer([status_of(posts[str(number)]) for number in ids], headers={"Link": link})


@contextmanager
def _streaming(world: World, faults: Faults) -> Iterator[str]:
    with websocket_server(
        ("127.0.0.1", 0),
        lambda path, stopping: _frames(world, faults, path, stopping),
        refusal=lambda _, headers: _refusal(headers),
    ) as port:
        yield f"ws://127.0.0.1:{port}"


def _refusal(headers: Mapping[str, str]) -> Refusal | None:
    if headers.get("Authorization") == f"Bearer {TOKEN}":
        return None
    return HTTPStatus.UNAUTHORIZED, {"error": "Missing access token"}


def _frames(world: World, faults: Faults, path: str, stopping: Event) -> Iterator[str]:
    """Yield the frames of events from now on; a stream cannot be resumed."""
    stream = parse_qs(urlsplit(path).query).get("stream", ["public"])

    def shown(_: int, event: ScenarioEvent) -> str | None:
        post = world.posts()[event.number]
        if event.kind == "leave":
            return None
        if event.kind == "delete":
            return json.dumps({"stream": stream, "event": "delete", "payload": status_id(post)})
        kind = "status.update"
        if event.kind == "create":
            kind = "update"
            # A frame that is sent late tells of no later edit, as the platform's does not.
            post = replace(post, text=event.text, edited_at=None)
        return json.dumps({"stream": stream, "event": kind, "payload": json.dumps(status_of(post))})

    yield from frames_from(world.happened(), world, faults, stopping, shown)


def status_id(post: SimulatedPost) -> str:
    """Return a status's id: 48 bits of milliseconds, then 16 of a sequence number."""
    return str((post.created_at // 1000 << 16) + post.number % 65536)


def status_of(post: SimulatedPost) -> dict[str, Any]:
    """Return a status as every endpoint shows it."""
    number = status_id(post)
    account = _account(post.author)
    url = f"{account['url']}/{number}"
    text = post.text + ("x" * _HUGE if post.defect == "huge" else "")
    paragraphs = "".join(f"<p>{html.escape(part, quote=False)}</p>" for part in text.split("\n\n"))
    status: dict[str, Any] = {
        "id": number,
        "created_at": _iso(post.created_at),
        "in_reply_to_id": None,
        "in_reply_to_account_id": None,
        "sensitive": False,
        "spoiler_text": "",
        "visibility": "public",
        "language": "en",
        "uri": f"{account['uri']}/statuses/{number}",
        "url": url,
        "replies_count": 0,
        "reblogs_count": 0,
        "favourites_count": post.number % 5,
        "quotes_count": 0,
        "edited_at": _iso(post.edited_at) if post.edited_at else None,
        "content": paragraphs,
        "reblog": None,
        "account": account,
        "media_attachments": [],
        "mentions": [],
        "tags": [],
        "emojis": [],
        "quote": None,
        "card": None,
        "poll": None,
        "application": {"name": "Web", "website": None},
        "tagged_collections": [],
        "quote_approval": {"automatic": [], "manual": [], "current_user": "denied"},
    }
    if post.defect == "no_id":
        del status["uri"]
    if post.defect == "time_as_text":
        status["created_at"] = "yesterday"
    return status


def _account(author: int) -> dict[str, Any]:
    name = f"member{author}"
    host = "https://social.example"
    return {
        "id": str(109_000_000_000_000_000 + author),
        "username": name,
        "acct": name,
        "display_name": f"Member {author}",
        "locked": False,
        "bot": False,
        "discoverable": True,
        "indexable": author % 4 != 0,
        "group": False,
        "created_at": "2023-01-01T00:00:00.000Z",
        "note": "",
        "url": f"{host}/@{name}",
        "uri": f"{host}/users/{name}",
        "avatar": f"{host}/avatar.png",
        "avatar_static": f"{host}/avatar.png",
        "header": f"{host}/header.png",
        "header_static": f"{host}/header.png",
        "followers_count": 3,
        "following_count": 4,
        "statuses_count": 5,
        "last_status_at": "2026-01-01",
        "hide_collections": None,
        "noindex": False,
        "emojis": [],
        "roles": [],
        "fields": [],
        "avatar_description": "",
        "header_description": "",
        "show_media": True,
        "show_featured": True,
        "show_media_replies": True,
        "feature_approval": {"automatic": [], "manual": [], "current_user": "missing"},
    }


def instance_facts(streaming: str) -> dict[str, Any]:
    """Return the answer of /api/v2/instance; `streaming` is the stream's address."""
    access = {"local": "public", "remote": "public"}
    return {
        "domain": "social.example",
        "title": "Simulated",
        "version": "4.5.0",
        "configuration": {
            "urls": {"streaming": streaming},
            "timelines_access": {"live_feeds": access, "hashtag_feeds": access},
        },
    }


def _iso(micros: int) -> str:
    return to_datetime(micros).strftime("%Y-%m-%dT%H:%M:%S.") + f"{micros // 1000 % 1000:03d}Z"
