"""Read X by recent search and by id, at a price per post.

Pages run from newest to oldest. So the next cursor is the newest id of the first page, and the
reader saves it after the last page. The search reaches back seven days; the time before is a gap.
An edited post appears again under a new id. The reader does not use the filtered stream (ADR 15):
after each interruption a search would have to fill the gap, at the same price per post.

API: https://docs.x.com/x-api/posts/search/integrate/paginate
"""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from foundation.errors import ReadError, UsageError
from ingestion.config.credentials import required_secret
from ingestion.config.needs import how_to_get
from ingestion.parsing.json_fields import chunks, items_of_type
from ingestion.parsing.snowflake_ids import x_micros
from ingestion.parsing.timestamps import iso_micros
from ingestion.platform import Json
from ingestion.reader import Context, Gap, GapReason, SeenPost, SourceBatch
from ingestion.readers.clients.cursors import cursor_error, parse_cursor
from ingestion.readers.clients.http import Headers, Http, Limit, epoch_reset
from ingestion.readers.clients.pages import ListingCuts, ListingGuard
from ingestion.readers.clients.polling import poll_sources
from ingestion.readers.clients.responses import StatusError
from ingestion.readers.x_compliance import JOBS, ComplianceJobs
from schemas.epoch import to_datetime, to_micros

HOST = "https://api.x.com"
SEARCH = "/2/tweets/search/recent"
TWEETS = "/2/tweets"
USD_PER_POST = 0.005
_PAGE = 100
_FIELDS = (
    "created_at,author_id,lang,public_metrics,referenced_tweets,conversation_id,entities,edit_controls,note_tweet,"
    "edit_history_tweet_ids"
)
_WINDOW = timedelta(days=7) - timedelta(minutes=5)
_CURSOR = re.compile(r"[0-9]{1,19}")  # an id of 64 bits
_EDITABLE = 35 * 60 * 1_000_000  # µs; X allows edits for 30 minutes
_NO_JOBS = (403, 404)  # statuses for an app that may not run compliance jobs
# X refuses an end within the newest seconds, and their posts are incomplete.
_NOW_MARGIN = timedelta(seconds=15)
_HOW = how_to_get("x", "bearer_token")


class XReader:
    """The reader of all queries of the watchlist."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._cuts = ListingCuts()
        token = required_secret(context.secrets, "x", "bearer_token", how=_HOW)
        if not context.watchlist.queries:
            raise UsageError(
                "no query for X is named", remedy="Name one in conf/watchlists.toml: x.queries"
            )
        self._http = Http(
            context.base_url or HOST,
            context,
            headers=lambda: {"authorization": f"Bearer {token}"},
            limit_of=_limit,
            credentials_hint=_HOW,
        )
        self._jobs = ComplianceJobs(self._http, context.base_url or HOST, context)

    def read(self) -> Iterator[SourceBatch]:
        """See `Reader`."""
        sources = self._context.watchlist.queries
        with self._http:
            yield from poll_sources(self._context, self._cuts, sources, self._since)

    def between(self, since: int, until: int) -> Iterator[SourceBatch]:
        """See `Reader`; the search offers the last seven days."""
        with self._http:
            end = min(to_datetime(until), to_datetime(self._context.clock()) - _NOW_MARGIN)
            span = {
                "start_time": _text(max(to_datetime(since), self._oldest())),
                "end_time": _text(end),
            }
            for query in self._context.watchlist.queries:
                for page, _ in self._cuts.until_cut(self._pages(query, span)):
                    yield self._batch(query, page)
            self._cuts.end(once=True)

    def refetch(self, posts: Sequence[SeenPost]) -> Iterator[SourceBatch]:
        """See `Reader`; a compliance job tells which posts are gone.

        The reader pays to read a post again only if it could still be edited when it was last
        checked. Without permission for jobs, it reads every post again.
        """
        with self._http:
            gone: set[str] = set()
            try:
                notices = yield from self._jobs.notices(
                    [post.post_id for post in posts], posts[0].source
                )
            except StatusError as error:
                if error.status not in _NO_JOBS:
                    raise
                unsure = list(posts)
            else:
                gone = {notice["id"] for notice in notices}
                yield SourceBatch(source=posts[0].source, documents=notices, endpoint=JOBS)
                unsure = [post for post in posts if _may_have_been_edited(post)]
            for part in chunks([post for post in unsure if post.post_id not in gone], _PAGE):
                yield self._looked_up(part)

    def _looked_up(self, posts: Sequence[SeenPost]) -> SourceBatch:
        """Return the posts as they are now, and a delete for each that is no longer shown.

        X hides posts that are deleted, protected, suspended or withheld.
        """
        tweets, gone = self._by_ids([post.post_id for post in posts])
        newest = [
            ids[-1] for tweet in tweets if (ids := _chain(tweet)) and ids[-1] != tweet.get("id")
        ]
        edited, _ = self._by_ids(newest) if newest else ([], [])
        notices = [{"id": number, "action": "delete", "reason": "not shown"} for number in gone]
        return SourceBatch(
            source=posts[0].source,
            documents=[{"data": [*tweets, *edited]}, *notices],
            endpoint=TWEETS,
        )

    def _since(self, query: str) -> Iterator[SourceBatch]:
        now = self._context.clock()
        saved = self._context.memory.cursor(query)
        gaps: tuple[Gap, ...] = ()
        if saved is None:
            left_at = now - int(self._context.look_back_s * 1_000_000)
            span = {"start_time": _text(max(to_datetime(left_at), self._oldest()))}
        else:
            left_at = _time_of(saved)
            span = {"since_id": saved}
            if to_datetime(left_at) < self._oldest():
                span = {"start_time": _text(self._oldest())}
                until = to_micros(self._oldest())
                gaps = (
                    Gap(source=query, since=left_at, until=until, reason=GapReason.WINDOW_PASSED),
                )
        newest = saved
        oldest = now
        self._cuts.begin()
        for page, meta in self._cuts.until_cut(self._pages(query, span)):
            newest = max(newest or "", str(meta.get("newest_id") or ""), key=_order) or None
            oldest = min([oldest, *_times(page)])
            yield self._batch(query, page)
        gaps += self._cuts.gap(query, left_at, oldest if oldest > left_at else now)
        began = max(left_at, to_micros(self._oldest()))
        yield SourceBatch(source=query, cursor=newest, gaps=gaps, covered=(began, now))

    def _pages(self, query: str, span: dict[str, str]) -> Iterator[tuple[Json, dict[str, Json]]]:
        token: dict[str, str] = {}
        pages = ListingGuard(SEARCH, self._context)
        while True:
            self._context.budget.require("usd", USD_PER_POST * _PAGE)
            asked: dict[str, str | int | list[str]] = {
                "query": query,
                "max_results": _PAGE,
                "tweet.fields": _FIELDS,
                **span,
                **token,
            }
            answer = self._http.get(SEARCH, asked).content
            meta = answer.get("meta") if isinstance(answer, dict) else None
            if not isinstance(meta, dict):
                raise ReadError(f"{SEARCH} answered in an unknown form")
            tweets = items_of_type(answer.get("data"), dict)
            following = meta.get("next_token")
            self._context.budget.spend("usd", USD_PER_POST * len(tweets))
            pages.check(tweets, str(following) if following else None)
            if "data" in answer:
                yield answer, meta
            if not following:
                return
            token = {"next_token": str(following)}

    def _by_ids(self, ids: Sequence[str]) -> tuple[list[dict[str, Json]], list[str]]:
        """Return the posts as they are now, and the ids of those that are not shown."""
        self._context.budget.require("usd", USD_PER_POST * len(ids))
        answer = self._http.get(TWEETS, {"ids": ",".join(ids), "tweet.fields": _FIELDS}).content
        if not isinstance(answer, dict) or ("data" not in answer and "errors" not in answer):
            raise ReadError(f"{TWEETS} answered in an unknown form")
        tweets = items_of_type(answer.get("data"), dict)
        self._context.budget.spend("usd", USD_PER_POST * len(tweets))
        named = {
            str(error.get("resource_id")) for error in items_of_type(answer.get("errors"), dict)
        }
        return tweets, [number for number in ids if number in named]

    def _batch(self, query: str, page: Json) -> SourceBatch:
        latest = max(_times(page), default=None)
        return SourceBatch(
            source=query, query=query, documents=[page], endpoint=SEARCH, latest=latest
        )

    def _oldest(self) -> datetime:
        return to_datetime(self._context.clock()) - _WINDOW


def _times(page: Json) -> list[int]:
    times = [iso_micros(tweet.get("created_at")) for tweet in items_of_type(page.get("data"), dict)]
    return [at for at in times if at is not None]


def _limit(headers: Headers) -> Limit | None:
    return epoch_reset(headers, "x-rate-limit-remaining", "x-rate-limit-reset")


def _may_have_been_edited(post: SeenPost) -> bool:
    """Return whether a post could still be edited when it was last checked."""
    made_at = x_micros(int(post.post_id), None)
    return made_at is not None and post.checked_at < made_at + _EDITABLE


def _chain(tweet: dict[str, Json]) -> list[str]:
    return items_of_type(tweet.get("edit_history_tweet_ids"), str)


def _time_of(cursor: str) -> int:
    """Return when the post of a saved id was posted.

    Raises:
        CursorError: the cursor is not an id of X.
    """
    at = x_micros(int(parse_cursor(cursor, _CURSOR, "x")[0]), None)
    if at is None:
        raise cursor_error("x")
    return at


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _order(number: str) -> tuple[int, str]:
    return len(number), number
