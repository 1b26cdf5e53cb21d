"""Simulate X: recent search, posts by id, edits under new ids, rate limits and compliance jobs.

The files of compliance jobs have signed addresses. They require the signature and plain text, and
refuse any other authorisation.

API: https://docs.x.com/x-api/posts/search/integrate/paginate
"""

import html
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from http import HTTPStatus
from typing import Any

from foundation import clock
from ingestion.simulators.server.base import Simulator
from ingestion.simulators.server.http import HTTP_FAULTS, Answer, RateLimit, Request, http_server
from ingestion.simulators.server.scenario import SECOND
from ingestion.simulators.server.state import Faults, SimulatedPost, World
from schemas.epoch import to_datetime

TOKEN = "simulated-bearer"  # noqa: S105  # made up, and checked
_EPOCH_MS = 1_288_834_974_657
_WINDOW_S = 7 * 86400
_LONGEST_QUERY = 512
_HUGE = 10_000_000
_JOBS = "/2/compliance/jobs"
_FILES = "/compliance-files/"
SIGNATURE = "simulated"
_QUARTER = 900 * SECOND
_WEEK = 7 * 86400 * SECOND
_SHORT = 280


@contextmanager
def _serve(world: World, faults: Faults, bind: tuple[str, int]) -> Iterator[str]:
    limit = RateLimit(world.scenario.limit, world.scenario.limit_window_s)
    jobs = ComplianceJobs(world)

    def respond(request: Request) -> Answer:
        if request.path.startswith(_FILES):
            return jobs.file(request)
        had, left, reset_s = limit.take()
        headers = {
            "x-rate-limit-limit": str(limit.limit),
            "x-rate-limit-remaining": str(left),
            "x-rate-limit-reset": str(int(clock.now().timestamp() + reset_s + 1)),
        }
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return Answer(
                _problem("Unauthorized", HTTPStatus.UNAUTHORIZED), HTTPStatus.UNAUTHORIZED
            )
        if not had:
            problem = _problem("Too Many Requests", HTTPStatus.TOO_MANY_REQUESTS)
            return Answer(problem, HTTPStatus.TOO_MANY_REQUESTS, headers)
        answer = (
            jobs.respond(request) if request.path.startswith(_JOBS) else _respond(world, request)
        )
        return Answer(answer.body, answer.status, headers)

    with http_server(respond, faults, bind) as address:
        yield address


SIMULATOR = Simulator(
    "x", _serve, HTTP_FAULTS, secrets={"bearer_token": TOKEN}, watchlist={"queries": ("anything",)}
)


class ComplianceJobs:
    """Compliance jobs: created, then in progress, then complete; threads may share them."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._lock = threading.Lock()
        self.jobs: dict[str, dict[str, Any]] = {}
        self._gone: dict[str, list[bytes]] = {}  # uploaded ids that are gone, by job

    def respond(self, request: Request) -> Answer:
        """Answer a request to X itself."""
        number = request.path.removeprefix(_JOBS).strip("/")
        with self._lock:
            if request.method == "POST" and not number:
                return self._create(request)
            if (job := self.jobs.get(number)) is None:
                return Answer(_problem("Not Found", HTTPStatus.NOT_FOUND), HTTPStatus.NOT_FOUND)
            shown = {"data": dict(job)}
            if number in self._gone:
                job["status"] = {"created": "in_progress"}.get(job["status"], "complete")
            return Answer(shown)

    def file(self, request: Request) -> Answer:
        """Answer a request to the file store."""
        number, _, name = request.path.removeprefix(_FILES).partition("/")
        with self._lock:
            if number not in self.jobs or request.one("X-Goog-Signature") != SIGNATURE:
                return Answer(
                    b"<Error><Code>SignatureDoesNotMatch</Code></Error>", HTTPStatus.FORBIDDEN
                )
            if "authorization" in request.headers:
                return Answer(
                    b"<Error><Code>InvalidArgument</Code></Error>", HTTPStatus.BAD_REQUEST
                )
            if request.method == "PUT" and name == "submission":
                if request.headers.get("content-type") != "text/plain":
                    return Answer(
                        b"<Error><Code>SignatureDoesNotMatch</Code></Error>", HTTPStatus.FORBIDDEN
                    )
                self._gone[number] = self._notices(set(request.body.split()))
                return Answer(b"")
            if name == "delivery" and self.jobs[number]["status"] == "complete":
                return Answer(b"".join(self._gone[number]), headers={"content-type": "text/plain"})
        return Answer(b"<Error><Code>NoSuchKey</Code></Error>", HTTPStatus.NOT_FOUND)

    def _create(self, request: Request) -> Answer:
        try:
            kind = json.loads(request.body).get("type")
        except ValueError:
            kind = None
        if kind != "tweets":
            return Answer(
                _problem("Invalid Request", HTTPStatus.BAD_REQUEST), HTTPStatus.BAD_REQUEST
            )
        now = self._world.clock()
        number = str(_snowflake(self._world.clock(), len(self.jobs)))
        address = f"http://{request.headers.get('host', '')}{_FILES}{number}"
        job = job_of(number, now, address)
        self.jobs[number] = job
        return Answer({"data": dict(job)})

    def _notices(self, asked: set[str]) -> list[bytes]:
        gone = [
            post
            for post in self._world.posts().values()
            if post.deleted_at and str(first_id(post)) in asked
        ]
        return [json.dumps(notice_of(post)).encode() + b"\n" for post in gone]


def job_of(number: str, now: int, address: str) -> dict[str, Any]:
    """Return a new job, whose files are below `address`; `now` in microseconds since 1970."""
    return {
        "id": number,
        "type": "tweets",
        "status": "created",
        "resumable": False,
        "created_at": _iso(now),
        "upload_url": f"{address}/submission?X-Goog-Signature={SIGNATURE}",
        "upload_expires_at": _iso(now + _QUARTER),
        "download_url": f"{address}/delivery?X-Goog-Signature={SIGNATURE}",
        "download_expires_at": _iso(now + _WEEK),
    }


def notice_of(post: SimulatedPost) -> dict[str, Any]:
    """Return a line of a job's results."""
    return {
        "id": str(first_id(post)),
        "action": "delete",
        "created_at": _iso(post.created_at),
        "redacted_at": _iso(post.deleted_at or 0),
        "reason": "deleted",
    }


def _respond(world: World, request: Request) -> Answer:
    posts = world.posts()
    match request.path:
        case "/2/tweets/search/recent":
            return search_page(world, list(posts.values()), request)
        case "/2/tweets":
            return _look_up(posts, request.one("ids").split(","))
    return Answer(_problem("Not Found", HTTPStatus.NOT_FOUND), HTTPStatus.NOT_FOUND)


def search_page(world: World, posts: list[SimulatedPost], request: Request) -> Answer:
    """Return a page of the search, newest first, without deleted posts."""
    oldest = _snowflake(world.clock() - min(_WINDOW_S, int(world.scenario.window_s)) * SECOND, 0)
    since = int(request.one("since_id", "0"))
    start = request.one("start_time")
    if not 1 <= len(request.one("query")) <= _LONGEST_QUERY:
        return Answer(_problem("Invalid Request", HTTPStatus.BAD_REQUEST), HTTPStatus.BAD_REQUEST)
    after = max(since, _snowflake(_micros(start), 0) - 1 if start else 0) or oldest
    if after < oldest:
        return Answer(_problem("Invalid Request", HTTPStatus.BAD_REQUEST), HTTPStatus.BAD_REQUEST)
    end = request.one("end_time")
    before = _snowflake(_micros(end), 0) if end else 2**63
    # A delete between two requests shifts no page.
    before = min(before, int(request.one("next_token", f"t{before}")[1:]))
    live = [post for post in posts if post.deleted_at is None and after < own_id(post) < before]
    live.sort(key=own_id, reverse=True)
    page = live[: int(request.one("max_results", "10"))]
    meta: dict[str, Any] = {"result_count": len(page)}
    if page:
        meta |= {"newest_id": str(own_id(page[0])), "oldest_id": str(own_id(page[-1]))}
    if len(live) > len(page):
        meta["next_token"] = f"t{own_id(page[-1])}"
    return Answer(
        {"data": [tweet_of(post) for post in page], "meta": meta} if page else {"meta": meta}
    )


def _look_up(posts: dict[int, SimulatedPost], ids: list[str]) -> Answer:
    """Return posts by id, old versions by their own ids; errors name the posts that are gone."""
    known: dict[str, dict[str, Any]] = {}
    for post in posts.values():
        if post.deleted_at is None:
            known[str(first_id(post))] = tweet_of(post, is_first=True)
            known[str(own_id(post))] = tweet_of(post)
    data = [known[number] for number in ids if number in known]
    errors = [
        {
            "value": number,
            "detail": f"Could not find tweet with ids: [{number}].",
            "title": "Not Found Error",
            "resource_type": "tweet",
            "parameter": "ids",
            "resource_id": number,
            "type": "https://api.twitter.com/2/problems/resource-not-found",
        }
        for number in ids
        if number not in known
    ]
    return Answer({name: value for name, value in (("data", data), ("errors", errors)) if value})


def tweet_of(post: SimulatedPost, *, is_first: bool = False) -> dict[str, Any]:
    """Return a post with the fields that a reader requests."""
    text = (post.first_text if is_first else post.text) + (
        "x" * _HUGE if post.defect == "huge" else ""
    )
    number = first_id(post) if is_first else own_id(post)
    at = post.created_at if is_first or post.edited_at is None else post.edited_at
    chain = [str(first_id(post))] + ([str(own_id(post))] if post.edited_at else [])
    escaped = html.escape(text, quote=False)
    tweet: dict[str, Any] = {
        "id": str(number),
        "text": escaped[:_SHORT],
        "author_id": str(1000 + post.author),
        "created_at": _iso(at),
        "conversation_id": chain[0],
        "lang": "en",
        "edit_history_tweet_ids": chain,
        "public_metrics": {
            "retweet_count": 0,
            "reply_count": 0,
            "like_count": post.number % 9,
            "quote_count": 0,
        },
    }
    if len(text) > _SHORT:
        tweet["note_tweet"] = {"text": escaped}
    if post.defect == "no_id":
        del tweet["id"]
    if post.defect == "time_as_text":
        tweet["created_at"] = "yesterday"
    return tweet


def first_id(post: SimulatedPost) -> int:
    """Return the post's first id, which never changes."""
    return _snowflake(post.created_at, post.number)


def own_id(post: SimulatedPost) -> int:
    """Return the id of the post's present version."""
    return first_id(post) if post.edited_at is None else _snowflake(post.edited_at, post.number)


def _snowflake(micros: int, number: int) -> int:
    return (micros // 1000 - _EPOCH_MS << 22) + number % 4194304


def _problem(title: str, status: int) -> dict[str, Any]:
    return {"title": title, "type": "about:blank", "status": int(status), "detail": title}


def _iso(micros: int) -> str:
    return to_datetime(micros).strftime("%Y-%m-%dT%H:%M:%S.") + f"{micros // 1000 % 1000:03d}Z"


def _micros(moment: str) -> int:
    return int(datetime.fromisoformat(moment).timestamp() * SECOND)
