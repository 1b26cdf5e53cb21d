"""Read an organisation's own LinkedIn posts and their comments, with pages by offset.

New and deleted posts shift the offsets, so pages overlap. LinkedIn leaves hidden posts out of a
page, so a short page may not be the last: the reader goes on until LinkedIn says that nothing
follows. A new comment does not change its post's time. So each round reads the comments of every
post that changed within seven days. Run the reader from a scheduler, within the daily quota.

API: https://learn.microsoft.com/en-us/linkedin/marketing/community-management/shares/comments-api
"""

import re
from collections.abc import Iterator, Sequence
from http import HTTPStatus
from urllib.parse import quote

from foundation.errors import ReadError, UsageError
from ingestion.config.credentials import required_secret
from ingestion.config.needs import how_to_get
from ingestion.parsing.json_fields import items_of_type, value_at
from ingestion.parsing.timestamps import count_micros, day_micros
from ingestion.platform import Json
from ingestion.reader import Context, SeenPost, SourceBatch
from ingestion.readers.clients.cursors import parse_time_cursor
from ingestion.readers.clients.http import Http
from ingestion.readers.clients.pages import ListingCuts, ListingGuard
from ingestion.readers.clients.polling import poll_sources
from ingestion.readers.clients.responses import StatusError

HOST = "https://api.linkedin.com"
VERSION = "202610"  # LinkedIn serves a version for about a year
_PAGE = 100
_OVERLAP = 10  # items
_DAYS = 7 * 86_400_000_000  # µs
_COMMENT = "urn:li:comment:("
_START = re.compile(r"[?&]start=(\d{1,9})(?!\d)")
_HOW = how_to_get("linkedin", "access_token")


class LinkedInReader:
    """The reader of all organisations of the watchlist."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._cuts = ListingCuts()
        token = required_secret(context.secrets, "linkedin", "access_token", how=_HOW)
        if not context.watchlist.accounts:
            raise UsageError(
                "no organisation of LinkedIn is named",
                remedy="Name its URN in conf/watchlists.toml: linkedin.accounts",
            )
        usual = {
            "authorization": f"Bearer {token}",
            "linkedin-version": VERSION,
            "x-restli-protocol-version": "2.0.0",
        }
        self._http = Http(
            context.base_url or HOST, context, headers=lambda: usual, credentials_hint=_HOW
        )

    def read(self) -> Iterator[SourceBatch]:
        """See `Reader`."""
        sources = self._context.watchlist.accounts
        with self._http:
            yield from poll_sources(self._context, self._cuts, sources, self._changed)

    def between(self, since: int, until: int) -> Iterator[SourceBatch]:
        """See `Reader`; posts and their comments count by the time of the post's last change."""
        with self._http:
            for author in self._context.watchlist.accounts:
                for posts in self._cuts.until_cut(self._posts(author, since)):
                    inside = [post for post in posts if since <= (_modified(post) or since) < until]
                    yield from self._with_comments(author, inside)
            self._cuts.end(once=True)

    def refetch(self, posts: Sequence[SeenPost]) -> Iterator[SourceBatch]:
        """See `Reader`; each post costs one call, since not every tier may request batches."""
        with self._http:
            for post in posts:
                try:
                    document = self._http.get(_path_of(post.post_id)).content
                except StatusError as error:
                    if error.status != HTTPStatus.NOT_FOUND:
                        raise
                    document = _delete(post)
                yield SourceBatch(source=post.source, documents=[document], endpoint="by urn")

    def _changed(self, author: str) -> Iterator[SourceBatch]:
        now = self._context.clock()
        saved = self._context.memory.cursor(author)
        mark = (
            now - int(self._context.look_back_s * 1_000_000)
            if saved is None
            else parse_time_cursor(saved, "linkedin")
        )
        newest = mark
        self._cuts.begin()
        for posts in self._cuts.until_cut(self._posts(author, min(mark, now - _DAYS))):
            newest = max([newest, *(at for post in posts if (at := _modified(post)) is not None)])
            yield from self._with_comments(author, posts)
        gaps = self._cuts.gap(author, mark, now)
        yield SourceBatch(
            source=author, cursor=f"linkedin:{newest}", gaps=gaps, covered=(mark, now)
        )

    def _with_comments(self, author: str, posts: list[Json]) -> Iterator[SourceBatch]:
        yield self._batch(author, posts, "/rest/posts")
        for urn in [post.get("id") for post in items_of_type(posts, dict)]:
            if isinstance(urn, str):
                pages = self._pages(f"/rest/socialActions/{quote(urn, safe='')}/comments", {})
                for comments in self._cuts.until_cut(pages):
                    yield self._batch(author, comments, "/rest/socialActions")

    def _posts(self, author: str, since: int) -> Iterator[list[Json]]:
        """Yield pages of posts, last changed first, down to a time."""
        for page in self._pages(
            "/rest/posts", {"author": author, "q": "author", "sortBy": "LAST_MODIFIED"}
        ):
            yield page
            times = [at for post in page if (at := _modified(post)) is not None]
            if times and times[-1] < since:  # not `min`: one item may have a wrong time
                return

    def _pages(self, path: str, asked: dict[str, str]) -> Iterator[list[Json]]:
        start = 0
        pages = ListingGuard(path, self._context, overlaps=True)
        while True:
            answer = self._http.get(path, {**asked, "count": _PAGE, "start": start}).content
            page = answer.get("elements") if isinstance(answer, dict) else None
            if not isinstance(page, list):
                raise ReadError("LinkedIn answered in an unknown form")
            end = _end_of(answer, start, len(page))
            begin = end - _OVERLAP if end is not None and end - _OVERLAP > start else end
            if new := pages.check(page, begin):
                yield new
            if begin is None:
                return
            start = begin

    def _batch(self, author: str, items: list[Json], endpoint: str) -> SourceBatch:
        latest = max((at for item in items if (at := _modified(item)) is not None), default=None)
        return SourceBatch(
            source=author, query=author, documents=items, endpoint=endpoint, latest=latest
        )


def _end_of(answer: dict[str, Json], start: int, shown: int) -> int | None:
    """Return the offset after a page; None if nothing follows.

    Nothing follows an empty page that names no next one, nor the last of `total` items. Many
    answers have no links at all, so a missing link alone does not mean the end.
    """
    paging = answer.get("paging")
    links = [
        link.get("href")
        for link in items_of_type(value_at(paging, "links"), dict)
        if link.get("rel") == "next"
    ]
    if links:
        named = _START.search(str(links[0]))
        if named and int(named[1]) > start:
            return int(named[1])
    elif not shown:
        return None
    total = value_at(paging, "total")
    count = value_at(paging, "count")
    if (
        not links
        and isinstance(total, int)
        and isinstance(value_at(paging, "links"), list)
        and total <= start + shown
    ):
        return None
    return start + (count if isinstance(count, int) and shown <= count <= _PAGE else max(shown, 1))


def _modified(item: Json) -> int | None:
    """Return when a post was last changed; None for a comment."""
    return (
        count_micros(item.get("lastModifiedAt"), per_second=1000)
        if isinstance(item, dict)
        else None
    )


def _path_of(urn: str) -> str:
    if not urn.startswith(_COMMENT):
        return f"/rest/posts/{quote(urn, safe='')}"
    subject, _, number = urn.removeprefix(_COMMENT).rstrip(")").rpartition(",")
    return f"/rest/socialActions/{quote(subject, safe='')}/comments/{number}"


def _delete(post: SeenPost) -> Json:
    """Return the delete of a post in LinkedIn's own form, as the mapper reads it."""
    if post.post_id.startswith(_COMMENT):
        return {"action": "COMMENT_DELETE", "generatedActivity": post.post_id}
    created = day_micros(post.day) // 1_000
    return {"id": post.post_id, "lifecycleState": "DELETED", "createdAt": created}
