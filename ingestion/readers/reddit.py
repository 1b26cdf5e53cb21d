"""Read Reddit's listings with PRAW, which signs in, retries and keeps to the rate limit.

PRAW's own streams request one page per turn and lose the items that a burst pushes beyond it. So
this reader pages a listing from its newest item down to the time where the last run ended. Reddit
ends a listing after about 1,000 items; if it ends too early, the reader records a gap.

API: https://support.reddithelp.com/hc/en-us/articles/16160319875092-Reddit-Data-API-Wiki
"""

from collections.abc import Iterator, Sequence
from importlib.metadata import version as installed_version
from typing import Any

import praw
import requests
from prawcore import exceptions as refused

from foundation.errors import CredentialsError, ReadError, UsageError
from ingestion.config.credentials import required_secret
from ingestion.config.needs import how_to_get
from ingestion.parsing.json_fields import chunks, items_of_type, value_at
from ingestion.parsing.timestamps import day_micros
from ingestion.platform import Json
from ingestion.reader import Context, Gap, GapReason, SeenPost, SourceBatch
from ingestion.readers.clients.cursors import parse_time_cursor
from ingestion.readers.clients.pages import ListingCuts, ListingGuard
from ingestion.readers.clients.polling import poll_sources
from ingestion.readers.clients.responses import (
    CLIENT_ERRORS,
    LONGEST_WAIT_S,
    StatusError,
    UnusableAnswerError,
    retries,
    retry_after,
    trouble_of,
)

_PAGE = 100
_LISTINGS = ("new", "comments")
_DEEP = 900  # items; a listing that ends after more may have reached Reddit's limit
_SECOND = 1_000_000
_HOW = how_to_get("reddit", "client_id")


class RedditReader:
    """The reader of all subreddits of the watchlist: their newest submissions and comments."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._cuts = ListingCuts()
        known: dict[str, Any] = {
            name: required_secret(context.secrets, "reddit", name, how=_HOW)
            for name in ("client_id", "client_secret")
        }
        user = required_secret(
            context.secrets, "reddit", "username", how=how_to_get("reddit", "username")
        )
        if not context.watchlist.subreddits:
            raise UsageError(
                "no subreddit is named",
                remedy="Name one in conf/watchlists.toml: reddit.subreddits",
            )
        if context.base_url:
            known |= {"oauth_url": context.base_url, "reddit_url": context.base_url}
        self._reddit = praw.Reddit(
            **known,
            user_agent=f"python:echostream:{installed_version('echostream')} (by /u/{user})",
            timeout=max(1, round(context.timeout_s)),
            check_for_updates=False,
            requestor_kwargs={"session": _CountingSession(context)},
        )

    def read(self) -> Iterator[SourceBatch]:
        """See `Reader`."""
        paths = [
            f"r/{name}/{listing}"
            for name in self._context.watchlist.subreddits
            for listing in _LISTINGS
        ]
        yield from poll_sources(self._context, self._cuts, paths, self._since)

    def between(self, since: int, until: int) -> Iterator[SourceBatch]:
        """See `Reader`; a listing offers about 1,000 items."""
        for name in self._context.watchlist.subreddits:
            for listing in _LISTINGS:
                path = f"r/{name}/{listing}"
                for things, _ in self._cuts.until_cut(self._pages(path, since)):
                    inside = [thing for thing in things if (_created(thing) or since) < until]
                    yield SourceBatch(source=name, documents=inside, endpoint=path, query=name)
        self._cuts.end(once=True)

    def refetch(self, posts: Sequence[SeenPost]) -> Iterator[SourceBatch]:
        """See `Reader`; a post that Reddit no longer knows counts as deleted."""
        for part in chunks(posts, _PAGE):
            things, _ = _things(
                self._get("api/info", {"id": ",".join(post.post_id for post in part)}), "api/info"
            )
            shown = {value_at(thing, "data", "name") for thing in things}
            gone = [_delete(post) for post in part if post.post_id not in shown]
            yield SourceBatch(
                source=part[0].source, documents=[*things, *gone], endpoint="api/info"
            )

    def _since(self, path: str) -> Iterator[SourceBatch]:
        name = path.split("/")[1]
        saved = self._context.memory.cursor(path)
        now = self._context.clock()
        since = (
            now - int(self._context.look_back_s * _SECOND)
            if saved is None
            else parse_time_cursor(saved, "reddit")
        )
        newest = since
        oldest = now
        count = 0
        self._cuts.begin()
        for things, is_last in self._cuts.until_cut(self._pages(path, since)):
            times = [at for thing in things if (at := _created(thing)) is not None]
            newest = max([newest, *times])
            oldest = min([oldest, *times])
            count += len(things)
            fresh = [thing for thing in things if (_created(thing) or newest) >= since]
            is_cut = is_last and saved is not None and count >= _DEEP and oldest > since
            gap = Gap(source=path, since=since, until=oldest, reason=GapReason.TRUNCATED)
            yield SourceBatch(
                source=path,
                documents=fresh,
                cursor=f"reddit:{newest}" if is_last else None,
                endpoint=path,
                query=name,
                latest=newest if times else None,
                gaps=(gap,) if is_cut else (),
                covered=(max(since, oldest) if count >= _DEEP else since, now) if is_last else None,
            )
        if gaps := self._cuts.gap(path, since, oldest if oldest > since else now):
            yield SourceBatch(
                source=path, cursor=f"reddit:{newest}", gaps=gaps, covered=(since, now)
            )

    def _pages(self, path: str, since: int) -> Iterator[tuple[list[Json], bool]]:
        """Yield pages from the newest item down to a time, each with whether it is the last."""
        after = ""
        pages = ListingGuard(path, self._context)
        while True:
            asked: dict[str, str | int] = {"limit": _PAGE, **({"after": after} if after else {})}
            things, following = _things(self._get(path, asked), path)
            times = [at for thing in things if (at := _created(thing)) is not None]
            is_last = not following or (bool(times) and times[-1] < since)
            pages.check(things, None if is_last else following)
            yield things, is_last
            if is_last:
                return
            after = following

    def _get(self, path: str, params: dict[str, str | int]) -> Json:
        for attempt in retries(self._context):
            with attempt:
                self._context.budget.take("calls")
                return self._ask(path, params)
        raise AssertionError  # the last attempt raises by itself

    def _ask(self, path: str, params: dict[str, str | int]) -> Json:
        """Send one request through PRAW; its errors become ours, since they quote addresses."""
        try:
            return self._reddit.request(method="GET", path=path, params={"raw_json": 1, **params})
        except (refused.InvalidToken, refused.OAuthException):
            raise CredentialsError("Reddit refuses our credentials", remedy=_HOW) from None
        except (refused.BadJSON, ValueError):
            self._context.telemetry.trouble("not_json")
            raise UnusableAnswerError(f"{path} answered with something that is not JSON") from None
        except (KeyError, TypeError):  # PRAW raises these for a token's answer of an unknown form
            self._context.telemetry.trouble("schema")
            raise UnusableAnswerError(f"{path} answered in an unknown form") from None
        except refused.ResponseException as error:
            status = error.response.status_code
            if status == requests.codes.unauthorized:
                raise CredentialsError("Reddit refuses our credentials", remedy=_HOW) from None
            # For other statuses the session has already waited.
            is_limited = status == requests.codes.too_many_requests
            wait_s = _wait_s(error.response, self._context) if is_limited else None
            raise StatusError(status, path, wait_s) from None
        except refused.RequestException:
            raise UnusableAnswerError(f"{path} did not answer") from None


class _CountingSession(requests.Session):
    """Counts the failures of PRAW's own retries too, and waits before them as Reddit asks."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._trouble = context.telemetry.trouble

    def request(self, *args: Any, **options: Any) -> requests.Response:
        """Send a request as the library does, and count a failure."""
        try:
            response = super().request(*args, **options)
        except requests.Timeout:
            self._trouble("timeout")
            raise
        except requests.RequestException:
            self._trouble("half")
            raise
        if response.status_code >= CLIENT_ERRORS:
            self._trouble(trouble_of(response.status_code))
        wait_s = _wait_s(response, self._context)
        if response.status_code == requests.codes.unavailable and wait_s is not None:
            self._context.sleep(min(wait_s, LONGEST_WAIT_S))
        return response


def _wait_s(response: requests.Response, context: Context) -> float | None:
    return retry_after(
        {name.lower(): text for name, text in response.headers.items()}, context.clock()
    )


def _things(listing: Json, path: str) -> tuple[list[Json], str]:
    children = value_at(listing, "data", "children")
    if not isinstance(children, list):
        raise ReadError(f"{path} answered in an unknown form")
    return items_of_type(children, dict), str(value_at(listing, "data", "after") or "")


def _created(thing: Json) -> int | None:
    seconds = value_at(thing, "data", "created_utc")
    is_number = isinstance(seconds, int | float) and not isinstance(seconds, bool)
    return int(seconds * _SECOND) if is_number and 0 <= seconds < 253_402_300_800 else None  # noqa: PLR2004  # year 9999


def _delete(post: SeenPost) -> Json:
    """Return a deleted post in Reddit's own form, as the mapper reads it."""
    text = "body" if post.post_id.startswith("t1_") else "selftext"
    created = day_micros(post.day) // _SECOND
    data = {"name": post.post_id, text: "[deleted]", "title": "[deleted]", "created_utc": created}
    return {"kind": post.post_id[:2], "data": data}
