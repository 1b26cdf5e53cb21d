"""Read one Mastodon instance over REST: its timelines, and its statuses by id.

The reader pages forward by `min_id`, oldest first, since `since_id` would skip the middle of a
burst.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from urllib.parse import quote, urlsplit

from foundation.errors import CredentialsError, ReadError, UsageError
from ingestion.config.needs import how_to_get
from ingestion.parsing.json_fields import chunks, items_of_type, parse_json_text, value_at
from ingestion.parsing.timestamps import iso_micros
from ingestion.platform import Json
from ingestion.reader import Context, SeenPost, SourceBatch
from ingestion.readers.clients.cursors import cursor_error
from ingestion.readers.clients.http import Http, iso_reset
from ingestion.readers.clients.pages import ListingCuts, ListingGuard

_PAGE = 40
_BY_ID = 20  # statuses in one request
_NEWEST = re.compile(r"[?&]min_id=([A-Za-z0-9]+)[^>]*>\s*;\s*rel=\"prev\"")
_HINT = how_to_get("mastodon", "access_token")


class Instance:
    """One Mastodon server; its cursor has the newest id of each timeline, and when it was read."""

    def __init__(self, address: str, context: Context, cuts: ListingCuts) -> None:
        self._context = context
        self._cuts = cuts
        self.name = urlsplit(address).netloc
        self._token = context.secrets.get("access_token")
        self.http = Http(
            address, context, headers=self.auth, limit_of=iso_reset, credentials_hint=_HINT
        )
        self.tags = context.watchlist.hashtags
        self.feeds = [f"/api/v1/timelines/tag/{quote(tag)}" for tag in self.tags] or [
            "/api/v1/timelines/public"
        ]
        self._about: Json = None

    def can_stream(self) -> bool:
        """Return whether there is a token, an address for the stream, and only one timeline."""
        return (
            self._token is not None and isinstance(self.streaming(), str) and len(self.feeds) == 1
        )

    def new_statuses(self, newest: dict[str, str] | None = None) -> Iterator[SourceBatch]:
        """Yield every page since the cursor, oldest first, and update the newest ids.

        Args:
            newest: the newest ids, as in the cursor; None: those of the saved cursor.

        Raises:
            CredentialsError, UsageError: the timeline is closed to us, or to everybody.
            CursorError: the saved cursor is not one of this reader.
        """
        newest = self.saved() if newest is None else newest
        scope = self._scope()
        now = self._context.clock()
        begin = now - int(self._context.look_back_s * 1_000_000)
        since = int(newest["read_at"]) if newest.get("read_at", "").isdecimal() else begin
        self._cuts.begin()
        for feed in self.feeds:
            for page, last in self._cuts.until_cut(
                self._pages(feed, newest.get(feed) or _id_at(begin), scope)
            ):
                newest[feed] = last
                yield self.batch(page, newest, feed)
        if gaps := self._cuts.gap(self.name, since, now):
            yield SourceBatch(
                source=self.name, gaps=gaps
            )  # the next round begins where this one was cut
            return
        newest["read_at"] = str(now)
        yield replace(self.batch([], newest, self.feeds[0]), covered=(since, now))

    def between(self, since: int, until: int) -> Iterator[SourceBatch]:
        """Yield the statuses from `since` to `until`, in microseconds since 1970."""
        scope = self._scope()
        for feed in self.feeds:
            for page, _ in self._cuts.until_cut(self._pages(feed, _id_at(since), scope)):
                inside = [status for status in page if (_time(status) or since) < until]
                yield SourceBatch(source=self.name, documents=inside, endpoint=feed)
                if page and not inside:  # one status may have a wrong time
                    break

    def refetch(self, posts: Sequence[SeenPost]) -> Iterator[SourceBatch]:
        """Yield the statuses as they are now, and a delete for each that is gone."""
        for part in chunks(posts, _BY_ID):
            answer = self.http.get(
                "/api/v1/statuses", {"id[]": [post.native_id for post in part]}
            ).content
            statuses = _statuses(answer, "/api/v1/statuses")
            shown = {str(status.get("id")) for status in items_of_type(statuses, dict)}
            gone = [
                _delete(post.native_id, post.post_id)
                for post in part
                if post.native_id not in shown
            ]
            yield SourceBatch(
                source=self.name, documents=[*statuses, *gone], endpoint="/api/v1/statuses"
            )

    def _pages(
        self, feed: str, at: str, scope: Mapping[str, str]
    ) -> Iterator[tuple[list[Json], str]]:
        """Yield pages from an id upward, each with the id after which the next begins."""
        pages = ListingGuard(feed, self._context)
        while True:
            answer = self.http.get(feed, {"limit": _PAGE, "min_id": at, **scope})
            page = _statuses(answer.content, feed)
            link = _NEWEST.search(answer.headers.get("link", ""))
            ids = [str(status["id"]) for status in items_of_type(page, dict) if status.get("id")]
            last = link[1] if link else max(ids, key=order, default=at)
            if not page and order(last) <= order(at):
                return
            pages.check(page, last)
            if order(last) <= order(at):
                raise pages.cut("answers with the same page again and again")
            yield page, last
            at = last

    def _scope(self) -> dict[str, str]:
        """Return the parameter `local=true` if only the local timeline may be read.

        Raises:
            CredentialsError: the timeline is closed to us.
            UsageError: it is closed to everybody.
        """
        feeds = value_at(
            self._instance(),
            "configuration",
            "timelines_access",
            "hashtag_feeds" if self.tags else "live_feeds",
        )
        local = value_at(feeds, "local")
        remote = value_at(feeds, "remote")
        if "disabled" in (local, remote) and local == remote:
            raise UsageError(
                f"{self.name} shows this timeline to nobody",
                remedy="Name another in conf/watchlists.toml: mastodon.instances",
            )
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

    def streaming(self) -> Json:
        """Return the address of the stream, if the instance names one."""
        return value_at(self._instance(), "configuration", "urls", "streaming")

    def auth(self) -> dict[str, str]:
        """Return the header with our token."""
        return {"authorization": f"Bearer {self._token}"} if self._token else {}

    def saved(self) -> dict[str, str]:
        """Return the saved cursor: each timeline's newest id, and when timelines and stream ended.

        Raises:
            CursorError: it is not one of this reader.
        """
        saved = self._context.memory.cursor(self.name)
        try:
            newest = json.loads(saved) if saved else {}
        except ValueError:
            newest = None
        if not isinstance(newest, dict) or not all(
            isinstance(last, str) for last in newest.values()
        ):
            raise cursor_error("mastodon")
        return newest

    def batch(
        self,
        documents: Sequence[Json],
        newest: Mapping[str, str],
        endpoint: str,
        broken: Sequence[str] = (),
    ) -> SourceBatch:
        """Return a batch of documents, with the newest ids as its cursor."""
        return SourceBatch(
            source=self.name,
            documents=documents,
            broken=broken,
            cursor=json.dumps(dict(newest)),
            endpoint=endpoint,
            latest=max(_times(documents), default=None),
        )


def order(number: str) -> tuple[int, str]:
    """Return a sort key for ids, which are numbers as texts: a longer one is younger."""
    return len(number), number


def _statuses(answer: Json, path: str) -> list[Json]:
    if not isinstance(answer, list):
        raise ReadError(f"{path} answered in an unknown form")
    return answer


def _delete(native_id: str, uri: str) -> Json:
    """Return the delete of a status as the frame that the stream would have sent."""
    return {"event": "delete", "payload": native_id, "uri": uri}


def _id_at(micros: int) -> str:
    """Return the smallest id of a time: 48 bits of milliseconds, then 16 of a sequence number."""
    return str((max(0, micros) // 1000) << 16)


def _times(statuses: Sequence[Json]) -> list[int]:
    return [at for status in statuses if (at := _time(status)) is not None]


def _time(status: Json) -> int | None:
    """Return when a status, or the status inside a frame, was created."""
    status = (
        parse_json_text(status["payload"])
        if isinstance(status, dict) and isinstance(status.get("payload"), str)
        else status
    )
    return iso_micros(status.get("created_at")) if isinstance(status, dict) else None
