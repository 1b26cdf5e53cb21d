"""Return the newest posts of Silver, page by page, reading as few files as possible."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Any

from foundation.keys import version_of
from foundation.policies import Policy
from serving.queries.links import Source, links
from serving.queries.shared import SILVER, AsOf, Viewer, as_of_silver
from serving.reader.pinned import DataFile
from serving.reader.reader import Snapshot

UNSCORED = "unscored"  # the value of `labels` for posts without a label
_COLUMNS = (
    "post_key, platform, channel, posted_at, lang, sentiment.label AS label,"
    " sentiment.compound AS compound, sentiment.confidence AS confidence, title, text,"
    " coalesce(rights.may_display, false) AS may_display, metrics, bronze, event_id, observed_at,"
    " processed_at"
)
_AT = 3  # the index of posted_at in them
_FILTERS = {
    "platforms": "list_contains($platforms::VARCHAR[], platform)",
    "channels": "list_contains($channels::VARCHAR[], channel)",
    "labels": f"list_contains($labels::VARCHAR[], coalesce(sentiment.label, '{UNSCORED}'))",
    "langs": "list_contains($langs::VARCHAR[], lang)",
}
_TIMES = 4  # each turn reads files with four times as many rows as the turn before
_TICK = timedelta(microseconds=1)
_EVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Position:
    """The last post of a page. Posts are sorted by time, the newest first, then by key.

    The key is Silver's pseudonym, so clients get a position only encrypted.
    """

    posted_at: datetime
    post_key: str


@dataclass(frozen=True, slots=True)
class PostsAsked:
    """The parameters. The period [since, until) is in UTC; an empty filter selects all posts."""

    since: datetime | None = None
    until: datetime | None = None
    platforms: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    langs: tuple[str, ...] = ()
    limit: int = 50
    after: Position | None = None


@dataclass(frozen=True, slots=True)
class Post:
    """A post as a client may see it.

    Attributes:
        post_key: Silver's pseudonym, which no client gets.
        channel: None if it is a person's profile.
        title, text: None unless `may_display`.
        link: the post's address at its platform; None unless `may_display`, or if unknown.
        may_display: whether the row's rights and the platform's policy both allow to display it.
    """

    post_key: str = field(repr=False)
    platform: str
    channel: str | None
    posted_at: datetime
    lang: str | None
    label: str | None
    compound: float | None
    confidence: float | None
    title: str | None = field(repr=False)
    text: str | None = field(repr=False)
    may_display: bool
    metrics: Mapping[str, int]
    link: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class PostsPage:
    """A page of posts. `after` is the position of its last post, or None on the last page."""

    as_of: AsOf
    posts: tuple[Post, ...]
    after: Position | None


def posts(
    lake: Snapshot, viewer: Viewer, asked: PostsAsked, policies: Mapping[str, Policy]
) -> PostsPage:
    """Return a page of the newest posts.

    Args:
        lake: a snapshot. A post that was deleted since the page before is missing from it.
        viewer: the caller.
        asked: the filters and the position.
        policies: the current policies, by platform.

    Raises:
        DataFileDamagedError, LogDamagedError, LostCommitsError, QueryTimeoutError, QueryError: the
            lake cannot be read.
    """
    rows = _newest(lake, viewer, asked)
    shown = _with_links(lake, [_post(row, policies) for row in rows[: asked.limit]])
    is_last = len(rows) <= asked.limit
    after = None if is_last else Position(shown[-1].posted_at, shown[-1].post_key)
    return PostsPage(as_of_silver(lake), shown, after)


def _newest(lake: Snapshot, viewer: Viewer, asked: PostsAsked) -> list[tuple[Any, ...]]:
    """Return the rows of a page and one more, which shows that another page follows."""
    wanted = asked.limit + 1
    values = _values(viewer, asked) | {"wanted": wanted}
    found: list[tuple[Any, ...]] = []
    for paths, newest_left in _turns(lake, asked, wanted):
        read = lake.relation(SILVER, None if paths is None else _among(paths))
        if read is None:
            break
        found = sorted([*found, *lake.rows(_page(asked), values, posts=read)], key=_order)
        found = found[:wanted]
        if len(found) == wanted and newest_left is not None and found[-1][_AT] > newest_left:
            break
    return found


def _turns(
    lake: Snapshot, asked: PostsAsked, wanted: int
) -> Iterator[tuple[frozenset[str] | None, datetime | None]]:
    """Yield files to read, newest posts first, and the newest possible time in the other files.

    The files are None to read all of them. The time is None if the log has no statistics.
    """
    parts = lake.parts(SILVER)
    if not all(part.reads_files for part in parts):
        yield None, None
        return
    until = asked.until
    if asked.after is not None:  # other posts may have the same time
        until = min(filter(None, (until, asked.after.posted_at + _TICK)))
    files = [
        file
        for part in parts
        for file in part.pinned.files
        if file.may_have("posted_at", asked.since, until)
    ]
    left = sorted(files, key=lambda file: file.newest("posted_at") or _EVER, reverse=True)
    rows = wanted * _TIMES
    while left:
        some = _first(left, rows)
        left = left[len(some) :]
        yield (
            frozenset(file.path for file in some),
            (left[0].newest("posted_at") if left else None),
        )
        rows *= _TIMES


def _first(files: Sequence[DataFile], rows: int) -> Sequence[DataFile]:
    """Return as many of the first files as have that many rows together, at least one."""
    sums = accumulate(file.rows or 0 for file in files)
    number = next((at for at, sum_ in enumerate(sums) if sum_ >= rows), len(files))
    return files[: number + 1]


def _among(paths: frozenset[str]) -> Callable[[DataFile], bool]:
    return lambda file: file.path in paths


def _order(row: tuple[Any, ...]) -> tuple[timedelta, str]:
    return _EVER - row[_AT], row[0]


def _values(viewer: Viewer, asked: PostsAsked) -> dict[str, Any]:
    values: dict[str, Any] = {"owners": list(viewer.owners)}
    for name in _FILTERS:
        if chosen := getattr(asked, name):
            # A channel may be a person's profile; nobody may ask for its pseudonym.
            values[name] = [one for one in chosen if version_of(one) is None]
    if asked.since is not None:
        values["since"] = asked.since
    if asked.until is not None:
        values["until"] = asked.until
    if asked.after is not None:
        values |= {"after_at": asked.after.posted_at, "after_key": asked.after.post_key}
    return values


def _page(asked: PostsAsked) -> str:
    conditions = ["list_contains($owners::VARCHAR[], owner)"]
    conditions += [condition for name, condition in _FILTERS.items() if getattr(asked, name)]
    conditions += ["posted_at >= $since"] if asked.since is not None else []
    conditions += ["posted_at < $until"] if asked.until is not None else []
    if asked.after is not None:
        conditions += ["posted_at <= $after_at", "(posted_at < $after_at OR post_key > $after_key)"]
    return " ".join(
        [
            "SELECT",
            _COLUMNS,
            "FROM posts WHERE",
            " AND ".join(conditions),
            "ORDER BY posted_at DESC, post_key LIMIT $wanted",
        ]
    )


def _post(row: tuple[Any, ...], policies: Mapping[str, Policy]) -> tuple[Post, Source | None]:
    """Return a post and the record with its link, or None if its link may not be shown."""
    *said, bronze, event_id, observed_at, processed_at = row
    known = dict(zip(Post.__slots__, said, strict=False))  # all but the link
    policy = policies.get(known["platform"])
    may_display = known["may_display"] and policy is not None and policy.rights.may_display
    source = None
    if not may_display:
        known |= {"title": None, "text": None, "may_display": False}
    elif bronze and event_id and observed_at and processed_at:
        source = Source(
            platform=known["platform"],
            **bronze,
            event_id=event_id,
            observed_at=observed_at,
            processed_at=processed_at,
        )
    if version_of(known["channel"] or "") is not None:
        known["channel"] = None
    return Post(**known | {"metrics": known["metrics"] or {}}), source


def _with_links(lake: Snapshot, found: Sequence[tuple[Post, Source | None]]) -> tuple[Post, ...]:
    known = links(lake, [source for _, source in found if source is not None])
    return tuple(
        post if source is None else replace(post, link=known.get(source.event_id))
        for post, source in found
    )
