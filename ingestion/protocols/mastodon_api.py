"""A Mastodon instance: public and hashtag timelines by REST, one of them as a stream where there is a token.

REST pages forward by `min_id`, oldest first (`since_id` would skip the middle of a burst). The stream cannot be
resumed: it is opened first, then REST fills the time since the cursor; edits and deletes of that time are a gap, which
a sweep closes. A stream's delete is a bare id; what was sent is remembered, so it gets its `uri`.
"""

import json
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import chain
from urllib.parse import quote, urlencode, urlsplit

from foundation.errors import CredentialsError, CursorError, ReadError, UsageError
from ingestion.fields import decoded, every, inner, slices
from ingestion.platform import Json
from ingestion.protocols.http import Http, iso_reset
from ingestion.protocols.websocket import frames
from ingestion.protocols.wire import parsed
from ingestion.reading import Batch, Context, Gap, GapReason, Sighting
from ingestion.times import iso_micros

_PAGE = 40
_BY_ID = 20  # statuses in one request
_FULL, _LINGER_S = 200, 0.5
_NEWEST = re.compile(r"[?&]min_id=([A-Za-z0-9]+)[^>]*>\s*;\s*rel=\"prev\"")
_HINT = (
    "Register an application with scope read:statuses under Preferences, Development, and set"
    " ECHOSTREAM_CREDENTIALS__MASTODON_ACCESS_TOKEN"
)


class MastodonApi:
    """The reader of all instances of the watchlist."""

    def __init__(self, context: Context) -> None:
        self._context = context
        hosts = [context.base_url] if context.base_url else [f"https://{name}" for name in context.watchlist.instances]
        if not hosts:
            raise UsageError(
                "no Mastodon instance is named", remedy="Name one in conf/watchlists.toml: mastodon.instances"
            )
        self._instances = [Instance(address, context) for address in hosts]

    def read(self) -> Iterator[Batch]:
        """See `Reader`."""
        with self._connections():
            if not self._context.once and len(self._instances) == 1 and self._instances[0].can_stream():
                yield from self._instances[0].stream()
                return
            while True:
                for instance in self._instances:
                    yield from instance.new_statuses()
                if self._context.once:
                    return
                yield Batch(source=self._instances[0].name, pause_s=self._context.poll_s)

    def between(self, since: int, until: int) -> Iterator[Batch]:
        """See `Reader`."""
        with self._connections():
            for instance in self._instances:
                yield from instance.between(since, until)

    def refetch(self, posts: Sequence[Sighting]) -> Iterator[Batch]:
        """See `Reader`; what an instance no longer shows is gone."""
        with self._connections():
            for instance in self._instances:
                yield from instance.refetch([post for post in posts if post.source == instance.name])

    @contextmanager
    def _connections(self) -> Iterator[None]:
        with ExitStack() as stack:
            for instance in self._instances:
                stack.enter_context(instance.http)
            yield


class Instance:
    """One server; its cursor holds the newest id of each timeline."""

    def __init__(self, address: str, context: Context) -> None:
        self._context = context
        self.name = urlsplit(address).netloc
        self._token = context.secrets.get("access_token")
        self.http = Http(address, context, headers=self._auth, limit_of=iso_reset, credentials_hint=_HINT)
        self._tags = context.watchlist.hashtags
        self._feeds = [f"/api/v1/timelines/tag/{quote(tag)}" for tag in self._tags] or ["/api/v1/timelines/public"]
        self._about: Json = None

    def can_stream(self) -> bool:
        """Whether there is a token and an address for it."""
        return self._token is not None and isinstance(self._streaming(), str) and len(self._feeds) == 1

    def new_statuses(self, newest: dict[str, str] | None = None) -> Iterator[Batch]:
        """Every page since the cursor, oldest first; the newest ids are brought up to date."""
        newest = self._saved() if newest is None else newest
        scope = self._scope()
        for feed in self._feeds:
            at = newest.get(feed) or _id_at(self._context.clock() - int(self._context.look_back_s * 1_000_000))
            for page, last in self._pages(feed, at, scope):
                newest[feed] = last
                yield self._batch(page, newest, feed)

    def between(self, since: int, until: int) -> Iterator[Batch]:
        """The statuses of a stretch of time."""
        scope = self._scope()
        for feed in self._feeds:
            for page, _ in self._pages(feed, _id_at(since), scope):
                inside = [status for status in page if (_time(status) or since) < until]
                yield Batch(source=self.name, documents=inside, endpoint=feed)
                if len(inside) < len(page):
                    break

    def refetch(self, posts: Sequence[Sighting]) -> Iterator[Batch]:
        """How they are now."""
        for some in slices(posts, _BY_ID):
            answer = self.http.get("/api/v1/statuses", {"id[]": [post.native_id for post in some]}).content
            found = _statuses(answer, "/api/v1/statuses")
            there = {str(status.get("id")) for status in every(found, dict)}
            gone = [_delete(post.native_id, post.post_id) for post in some if post.native_id not in there]
            yield Batch(source=self.name, documents=[*found, *gone], endpoint="/api/v1/statuses")

    def stream(self) -> Iterator[Batch]:
        """What the stream pushes, from where the cursor was left."""
        tag = {"tag": self._tags[0]} if self._tags else {}
        query = urlencode({"stream": "hashtag" if tag else "public", **tag})
        url = f"{str(self._streaming()).rstrip('/')}/api/v1/streaming?{query}"
        feed, newest = self._feeds[0], self._saved()
        pushed = frames(url, "/api/v1/streaming", self._context, headers=self._auth())
        first = next(pushed)  # connected: from here on nothing is missed
        left_at, now = newest.get("at", ""), self._context.clock()
        newest["at"] = str(now)
        gaps = (self._gap(int(left_at), now),) if left_at.isdecimal() else ()
        yield Batch(source=self.name, cursor=json.dumps(newest), gaps=gaps)
        yield from self.new_statuses(newest)
        collected = _Collected()
        for frame in chain([first], pushed):
            if frame is not None:
                self._collect(frame, collected, newest, feed)
            if collected.is_due():
                newest["at"] = str(self._context.clock())
                yield self._batch(collected.documents, newest, "/api/v1/streaming", collected.broken)
                collected = _Collected()

    def _collect(self, frame: bytes, collected: "_Collected", newest: dict[str, str], feed: str) -> None:
        try:
            event = parsed(frame)
        except ValueError:
            event = None
        if not isinstance(event, dict):
            self._context.telemetry.trouble("not_json")
            collected.broken.append(frame.decode("utf-8", "backslashreplace"))
            return
        payload = event.get("payload")
        if event.get("event") == "delete" and isinstance(payload, str):
            known = self._context.memory.by_native_id(self.name, payload)
            uri = collected.uris.get(payload) or (known.post_id if known else None)
            event = {**event, "uri": uri} if uri else event
        elif isinstance(payload, str) and isinstance(status := decoded(payload), dict):
            number = str(status.get("id"))
            collected.uris[number] = str(status.get("uri"))
            if event.get("event") == "update":
                newest[feed] = max(newest.get(feed, ""), number, key=_order)
        collected.documents.append(event)

    def _pages(self, feed: str, at: str, scope: Mapping[str, str]) -> Iterator[tuple[list[Json], str]]:
        """Pages from an id upward, each with the id that the next begins after."""
        while True:
            answer = self.http.get(feed, {"limit": _PAGE, "min_id": at, **scope})
            page = _statuses(answer.content, feed)
            if not page:
                return
            link = _NEWEST.search(answer.headers.get("link", ""))
            ids = [str(status["id"]) for status in every(page, dict) if status.get("id")]
            last = link[1] if link else max(ids, key=_order, default=at)
            if _order(last) <= _order(at):
                self._context.telemetry.trouble("stuck")
                raise ReadError(f"{feed} answers with the same page again and again")
            yield page, last
            at = last

    def _scope(self) -> dict[str, str]:
        """`local=true` where only that may be read.

        Raises:
            CredentialsError: the timeline is closed to us.
            UsageError: it is closed to everybody.
        """
        feeds = inner(
            self._instance(), "configuration", "timelines_access", "hashtag_feeds" if self._tags else "live_feeds"
        )
        local, remote = inner(feeds, "local"), inner(feeds, "remote")
        if "disabled" in (local, remote) and local == remote:
            raise UsageError(f"{self.name} shows this timeline to nobody", remedy="Name another in mastodon.instances")
        if self._token is not None:
            return {"local": "true"} if remote == "disabled" else {}
        if local == "authenticated":
            raise CredentialsError(f"{self.name} shows its timelines only to members", remedy=_HINT)
        return {"local": "true"} if remote in ("authenticated", "disabled") else {}

    def _instance(self) -> Json:
        if self._about is None:
            self._about = self.http.get("/api/v2/instance").content
            if not isinstance(self._about, dict):
                raise ReadError("/api/v2/instance answered in an unknown form")
        return self._about

    def _streaming(self) -> Json:
        return inner(self._instance(), "configuration", "urls", "streaming")

    def _auth(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self._token}"} if self._token else {}

    def _saved(self) -> dict[str, str]:
        saved = self._context.memory.cursor(self.name)
        try:
            newest = json.loads(saved) if saved else {}
        except ValueError:
            newest = None
        if not isinstance(newest, dict) or not all(isinstance(last, str) for last in newest.values()):
            raise CursorError(
                "the saved cursor is none of Mastodon's",
                remedy="Begin anew: echostream ingest mastodon --forget-cursor",
            )
        return newest

    def _batch(
        self, documents: Sequence[Json], newest: Mapping[str, str], endpoint: str, broken: Sequence[str] = ()
    ) -> Batch:
        return Batch(
            source=self.name,
            documents=documents,
            broken=broken,
            cursor=json.dumps(dict(newest)),
            endpoint=endpoint,
            latest=max((at for status in documents if (at := _time(status)) is not None), default=None),
        )

    def _gap(self, since: int, until: int) -> Gap:
        return Gap(source=self.name, since=since, until=until, reason=GapReason.CHANGES_UNSEEN)


@dataclass(slots=True)
class _Collected:
    """Frames for the next batch."""

    documents: list[Json] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    uris: dict[str, str] = field(default_factory=dict)  # by id; not remembered yet
    began: float = field(default_factory=time.monotonic)

    def is_due(self) -> bool:
        return len(self.documents) >= _FULL or time.monotonic() - self.began >= _LINGER_S


def _statuses(answer: Json, path: str) -> list[Json]:
    if not isinstance(answer, list):
        raise ReadError(f"{path} answered in an unknown form")
    return answer


def _delete(native_id: str, uri: str) -> Json:
    """What the stream would have said."""
    return {"event": "delete", "payload": native_id, "uri": uri}


def _id_at(micros: int) -> str:
    """The smallest id of that time: 48 bits of milliseconds, then 16 of a sequence."""
    return str((max(0, micros) // 1000) << 16)


def _order(number: str) -> tuple[int, str]:
    """Ids are numbers as texts; the longer one is the younger."""
    return len(number), number


def _time(status: Json) -> int | None:
    """When it was created; of a frame, inside."""
    status = (
        decoded(status["payload"]) if isinstance(status, dict) and isinstance(status.get("payload"), str) else status
    )
    return iso_micros(status.get("created_at")) if isinstance(status, dict) else None
