"""Read Instagram by hashtag: media of the last 24 hours, of at most 30 hashtags in seven days.

The API sorts media only roughly by time, and gives every page the same cursor. So the reader reads
a hashtag until two pages in a row are older than its last complete reading, minus an hour.

API: https://developers.facebook.com/docs/instagram-platform/instagram-graph-api/reference/ig-hashtag/recent-media
"""

import re
from collections.abc import Iterator, Sequence

from foundation.errors import BudgetSpentError, ReadError, UsageError
from ingestion.config.credentials import required_secret
from ingestion.config.needs import how_to_get
from ingestion.parsing.json_fields import chunks, items_of_type, text_fields
from ingestion.parsing.snowflake_ids import instagram_micros
from ingestion.parsing.timestamps import iso_micros
from ingestion.platform import Json
from ingestion.reader import Context, Gap, GapReason, SeenPost, SourceBatch
from ingestion.readers.clients.cursors import parse_cursor
from ingestion.readers.clients.graph_api import Graph
from ingestion.readers.clients.pages import ListingCuts
from ingestion.readers.clients.polling import poll_sources

_FIELDS = "id,caption,media_type,timestamp,permalink,like_count,comments_count"
_PAGE = 50
_BY_ID = 50  # ids in one request
_SECOND = 1_000_000
_WINDOW = 86_400 * _SECOND  # µs that the API reaches back
_OVERLAP = 3_600 * _SECOND  # µs
_MOST_TAGS = 30  # in seven days
_OLD_PAGES = 2  # in a row, after which the reader stops
_CURSOR = re.compile(r"instagram:(\d+):(\d+)")  # the hashtag's id, and when it was read
_HOW = how_to_get("instagram", "access_token")


class InstagramReader:
    """The reader of all hashtags of the watchlist."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._cuts = ListingCuts()
        self._graph = Graph(
            context, required_secret(context.secrets, "instagram", "access_token", how=_HOW), _HOW
        )
        self._user = required_secret(
            context.secrets,
            "instagram",
            "user_id",
            how=how_to_get("instagram", "user_id"),
        )
        if not 1 <= len(context.watchlist.hashtags) <= _MOST_TAGS:
            raise UsageError(
                f"the watchlist names {len(context.watchlist.hashtags)} hashtags of Instagram,"
                " which allows 30 in seven days",
                remedy="Name 1 to 30 in conf/watchlists.toml: instagram.hashtags",
            )

    def read(self) -> Iterator[SourceBatch]:
        """See `Reader`."""
        sources = self._context.watchlist.hashtags
        with self._graph.http:
            yield from poll_sources(self._context, self._cuts, sources, self._recent)

    def between(self, since: int, until: int) -> Iterator[SourceBatch]:
        """See `Reader`; the API offers the last 24 hours."""
        with self._graph.http:
            for tag in self._context.watchlist.hashtags:
                number = self._search(tag)
                for media in self._cuts.until_cut(self._pages(number, since)):
                    yield self._batch(
                        tag, [item for item in media if (_time(item) or since) < until]
                    )
            self._cuts.end(once=True)

    def refetch(self, posts: Sequence[SeenPost]) -> Iterator[SourceBatch]:
        """See `Reader`."""
        with self._graph.http:
            for part in chunks(posts, _BY_ID):
                documents, gone = self._graph.by_ids([post.post_id for post in part], _FIELDS)
                deletes = [{"id": number, "deleted": True} for number in gone]
                yield SourceBatch(
                    source=part[0].source, documents=[*documents, *deletes], endpoint="by id"
                )

    def _recent(self, tag: str) -> Iterator[SourceBatch]:
        now = self._context.clock()
        (number, read_at) = self._saved(tag)
        oldest = now - _WINDOW
        gaps: tuple[Gap, ...] = ()
        if read_at is not None and read_at < oldest:
            gaps = (Gap(source=tag, since=read_at, until=oldest, reason=GapReason.WINDOW_PASSED),)
        number = number or self._search(tag)
        since = (
            now - int(self._context.look_back_s * _SECOND)
            if read_at is None
            else read_at - _OVERLAP
        )
        self._cuts.begin()
        for media in self._cuts.until_cut(self._pages(number, max(since, oldest))):
            yield self._batch(tag, media)
        gaps += self._cuts.gap(tag, max(since, oldest), now)
        began = max(since if read_at is None else read_at, oldest)
        yield SourceBatch(
            source=tag, cursor=f"instagram:{number}:{now}", gaps=gaps, covered=(began, now)
        )

    def _pages(self, number: str, since: int) -> Iterator[list[Json]]:
        old_pages = 0
        asked: dict[str, str | int] = {"user_id": self._user, "fields": _FIELDS, "limit": _PAGE}
        for media in self._graph.pages(f"{number}/recent_media", cursors_repeat=True, **asked):
            times = [at for item in media if (at := _time(item)) is not None]
            old_pages = old_pages + 1 if times and max(times) < since else 0
            yield media
            if old_pages == _OLD_PAGES:
                return

    def _search(self, tag: str) -> str:
        """Look up the hashtag's id; a new hashtag takes one of the week's thirty slots.

        Raises:
            BudgetSpentError: no slot is left.
            ReadError: the answer has no id.
        """
        answer = (
            self._graph.get("ig_hashtag_search", user_id=self._user, q=tag)
            if self._has_free_slot(tag)
            else {}
        )
        ids = text_fields(answer.get("data"), "id")
        if not ids:
            raise ReadError("ig_hashtag_search answered without an id")
        return ids[0]

    def _has_free_slot(self, tag: str) -> bool:
        path = f"{self._user}/recently_searched_hashtags"
        pages = self._graph.pages(path, cursors_repeat=True, limit=_MOST_TAGS, fields="id,name")
        recent = [item for page in pages for item in items_of_type(page, dict)]
        names = {str(item.get("name")).lower() for item in recent}
        if len(recent) >= _MOST_TAGS and tag.lower() not in names:
            raise BudgetSpentError(
                f"budget reached: {len(recent)} of {_MOST_TAGS} hashtags in seven days",
                remedy="Wait, or name fewer in conf/watchlists.toml: instagram.hashtags",
            )
        return True

    def _saved(self, tag: str) -> tuple[str, int | None]:
        """Return the hashtag's id, and when it was last read completely.

        Raises:
            CursorError: the saved cursor is not one of this reader.
        """
        cursor = self._context.memory.cursor(tag)
        if cursor is None:
            return "", None
        match = parse_cursor(cursor, _CURSOR, "instagram")
        return match[1], int(match[2])

    def _batch(self, tag: str, media: list[Json]) -> SourceBatch:
        times = [at for item in media if (at := _time(item)) is not None]
        return SourceBatch(
            source=tag,
            query=tag,
            documents=media,
            endpoint="recent_media",
            latest=max(times, default=None),
        )


def _time(item: Json) -> int | None:
    if not isinstance(item, dict):
        return None
    declared = iso_micros(item.get("timestamp"))
    return instagram_micros(item.get("permalink"), None) if declared is None else declared
