"""Read Facebook pages: posts of the last seven days, and the comments of posts that changed.

Facebook ranks posts and does not sort them, so the reader reads every listing to its end. Each new
comment moves its post's `updated_time` forward, so the newest `updated_time` is the cursor. Sweeps
find all other edits and deletes.

API: https://developers.facebook.com/docs/graph-api/reference/page/published_posts/
"""

from collections.abc import Iterator, Sequence

from foundation.errors import UsageError
from ingestion.config.credentials import required_secret
from ingestion.config.needs import how_to_get
from ingestion.parsing.json_fields import chunks, items_of_type, value_at
from ingestion.parsing.timestamps import iso_micros
from ingestion.platform import Json
from ingestion.reader import Context, Gap, GapReason, SeenPost, SourceBatch
from ingestion.readers.clients.cursors import parse_time_cursor
from ingestion.readers.clients.graph_api import Graph
from ingestion.readers.clients.pages import ListingCuts
from ingestion.readers.clients.polling import poll_sources

_POST_FIELDS = (
    "id,message,created_time,updated_time,permalink_url,message_tags,shares,from,"
    "comments.limit(0).summary(total_count)"
)
_COMMENT_FIELDS = (
    "id,message,created_time,comment_count,like_count,permalink_url,message_tags,parent,from"
)
_SECOND = 1_000_000
_DAYS = 7 * 86_400 * _SECOND  # µs; comments arrive for days
_OVERLAP = 60 * _SECOND  # µs; two clocks differ by less
_BY_ID = 50  # ids in one request
_HOW = how_to_get("facebook", "access_token")


class FacebookReader:
    """The reader of all Facebook pages of the watchlist."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._cuts = ListingCuts()
        self._graph = Graph(
            context, required_secret(context.secrets, "facebook", "access_token", how=_HOW), _HOW
        )
        if not context.watchlist.pages:
            raise UsageError(
                "no Facebook page is named",
                remedy="Name one in conf/watchlists.toml: facebook.pages",
            )

    def read(self) -> Iterator[SourceBatch]:
        """See `Reader`."""
        sources = self._context.watchlist.pages
        with self._graph.http:
            yield from poll_sources(self._context, self._cuts, sources, self._changed)

    def between(self, since: int, until: int) -> Iterator[SourceBatch]:
        """See `Reader`; a comment counts by the time of its post."""
        with self._graph.http:
            for page in self._context.watchlist.pages:
                for posts in self._cuts.until_cut(self._posts(page, since, until)):
                    yield self._batch(page, posts)
                    for post in posts:
                        yield from self._cuts.until_cut(self._comments(page, post))
            self._cuts.end(once=True)

    def refetch(self, posts: Sequence[SeenPost]) -> Iterator[SourceBatch]:
        """See `Reader`."""
        with self._graph.http:
            for fields, part in self._kinds(posts):
                by_native = {post.native_id: post for post in part}
                documents, gone = self._graph.by_ids(list(by_native), fields)
                deletes = [{"id": by_native[number].post_id, "deleted": True} for number in gone]
                yield SourceBatch(
                    source=part[0].source, documents=[*documents, *deletes], endpoint="by id"
                )

    def _kinds(self, posts: Sequence[SeenPost]) -> Iterator[tuple[str, Sequence[SeenPost]]]:
        """Yield posts and comments apart, each part with the fields to request.

        A post's id begins with its page's id.
        """
        of_page = [post for post in posts if post.native_id.partition("_")[0] == post.source]
        others = [post for post in posts if post.native_id.partition("_")[0] != post.source]
        for fields, kind in ((_POST_FIELDS, of_page), (_COMMENT_FIELDS, others)):
            yield from ((fields, part) for part in chunks(kind, _BY_ID))

    def _changed(self, page: str) -> Iterator[SourceBatch]:
        now = self._context.clock()
        saved = self._context.memory.cursor(page)
        mark = (
            now - int(self._context.look_back_s * _SECOND)
            if saved is None
            else parse_time_cursor(saved, "facebook")
        )
        gaps: tuple[Gap, ...] = ()
        if now - mark > _DAYS and saved is not None:
            gaps = (
                Gap(source=page, since=mark, until=now - _DAYS, reason=GapReason.CHANGES_UNSEEN),
            )
        newest = mark
        self._cuts.begin()
        for posts in self._cuts.until_cut(self._posts(page, min(mark, now - _DAYS), now + _SECOND)):
            changed = [post for post in posts if (_updated(post) or mark) >= mark]
            newest = max([newest, *(at for post in changed if (at := _updated(post)) is not None)])
            yield self._batch(page, changed)
            for post in changed:
                yield from self._cuts.until_cut(self._comments(page, post))
        gaps += self._cuts.gap(page, mark, now)
        # A post on the first pages may change while the last ones are read, so the cursor stays
        # behind the start of this reading.
        yield SourceBatch(
            source=page,
            cursor=f"facebook:{min(newest, max(mark, now - _OVERLAP))}",
            gaps=gaps,
            covered=(mark, now),
        )

    def _posts(self, page: str, since: int, until: int) -> Iterator[list[Json]]:
        begin = since // _SECOND
        end = -(-until // _SECOND)
        path = f"{page}/published_posts"
        yield from self._graph.pages(path, fields=_POST_FIELDS, limit=100, since=begin, until=end)

    def _comments(self, page: str, post: Json) -> Iterator[SourceBatch]:
        number = post.get("id") if isinstance(post, dict) else None
        # A request for a post without comments would waste a call of the budget.
        if isinstance(number, str) and value_at(post, "comments", "summary", "total_count") != 0:
            for comments in self._graph.pages(
                f"{number}/comments", fields=_COMMENT_FIELDS, limit=100, filter="stream"
            ):
                yield self._batch(page, comments, "comments")

    def _batch(
        self, page: str, items: list[Json], endpoint: str = "published_posts"
    ) -> SourceBatch:
        times = [iso_micros(item.get("created_time")) for item in items_of_type(items, dict)]
        latest = max((at for at in times if at is not None), default=None)
        return SourceBatch(
            source=page, query=page, documents=items, endpoint=endpoint, latest=latest
        )


def _updated(post: Json) -> int | None:
    return iso_micros(post.get("updated_time")) if isinstance(post, dict) else None
