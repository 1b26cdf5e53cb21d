"""Sum posts and sentiment over time, from the cells of Gold."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from foundation.keys import PSEUDONYM
from schemas.epoch import to_datetime
from serving.queries.shared import (
    GOLD,
    AsOf,
    Completeness,
    Viewer,
    as_of_gold,
    batches,
    completeness,
    newest_of,
)
from serving.reader.reader import Snapshot

Step = Literal["hour", "day", "week"]
By = Literal["none", "platform", "channel"]
_BY: dict[By, tuple[str, ...]] = {
    "none": (),
    "platform": ("platform",),
    "channel": ("platform", "channel"),
}
_SUMS = ("posts", "positive", "neutral", "negative", "mixed", "unscored", "compound_sum")
_UNIT = 10_000  # compound_sum is in units of 1/10,000
_USUAL = timedelta(days=7)
_SUMMED = [f"sum({name})::BIGINT AS {name}" for name in _SUMS]
# Steps are computed with integers: DuckDB's date_trunc of a time with a zone takes longer than
# all sums together.
_HOUR = 3_600_000_000
_WIDTHS: dict[Step, int] = {"hour": _HOUR, "day": 24 * _HOUR, "week": 7 * 24 * _HOUR}
_MONDAY = 4 * 24 * _HOUR  # 1970 began on a Thursday
_BEGINS = "(epoch_us(hour) - $first) // $width * $width + $first AS begins"
# The cells of Gold that match the filters. A cell with few posts is hidden too: after the authors
# of an hour have expired, their number no longer falls when platforms delete their posts.
_ASKED = """(
    SELECT *, authors >= $least AND posts >= $least AS shown
    FROM (
        SELECT * REPLACE (
            CASE WHEN regexp_full_match(channel, $profile) THEN NULL ELSE channel END AS channel
        )
        FROM gold
    )
    WHERE list_contains($owners::VARCHAR[], owner)
    AND hour >= $since
    AND hour < $until
    AND (len($platforms::VARCHAR[]) = 0 OR list_contains($platforms::VARCHAR[], platform))
    AND (
        len($channels::VARCHAR[]) = 0
        OR coalesce(list_contains($channels::VARCHAR[], channel), false)
    )
)"""
_HIDDEN = " ".join(["SELECT count(*) FROM", _ASKED, "WHERE NOT shown"])


@dataclass(frozen=True, slots=True)
class VolumeAsked:
    """The parameters. The period [since, until) is in UTC.

    Without times, the period is the seven days up to Gold's newest hour. At most `limit` cells are
    returned, the first ones, which bounds the memory.
    """

    step: Step = "hour"
    by: By = "none"
    since: datetime | None = None
    until: datetime | None = None
    platforms: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class Cell:
    """The sums of one step, platform and channel.

    Attributes:
        at: the beginning of the step.
        platform, channel: None if the sums are not by it, or if Gold has none. A channel that is a
            person's profile is None too.
        mean_compound: the mean of the compound scores, -1 to 1.
        net_sentiment: positive less negative posts, divided by posts with a label, -1 to 1.
        authors: distinct authors, if the sums are those of one cell of Gold. Numbers of distinct
            authors cannot be added up, so it is None otherwise.
    """

    at: datetime
    platform: str | None
    channel: str | None
    posts: int
    positive: int
    neutral: int
    negative: int
    mixed: int
    unscored: int
    mean_compound: float | None
    net_sentiment: float | None
    authors: int | None


@dataclass(frozen=True, slots=True)
class Volume:
    """The cells of a period. `since` and `until` are None while Gold is empty."""

    as_of: AsOf
    completeness: Completeness
    min_authors: int
    hidden_cells: int
    since: datetime | None
    until: datetime | None
    cells: tuple[Cell, ...]


def volume(lake: Snapshot, viewer: Viewer, asked: VolumeAsked) -> Volume:
    """Return the sums of posts and sentiment over time.

    Raises:
        DataFileDamagedError, LogDamagedError, LostCommitsError, QueryTimeoutError, QueryError: the
            lake cannot be read.
    """
    since, until = _window(lake, asked)
    whole = completeness(batches(lake))
    read = lake.relation(GOLD, lambda file: file.may_have("hour", since, until))
    if read is None or since is None or until is None:
        return Volume(as_of_gold(lake), whole, viewer.min_authors, 0, since, until, ())
    values = _values(viewer, asked, since, until)
    more = {"width": _WIDTHS[asked.step], "first": _MONDAY, "limit": asked.limit}
    cells = tuple(_cells(lake.rows(_sums(asked), values | more, gold=read), asked))
    hidden = 0
    if not viewer.sees_small_cells:
        ((hidden,),) = lake.rows(_HIDDEN, values, gold=read)
    return Volume(as_of_gold(lake), whole, viewer.min_authors, hidden, since, until, cells)


def _window(lake: Snapshot, asked: VolumeAsked) -> tuple[datetime | None, datetime | None]:
    until = asked.until or _end(lake)
    return asked.since or (until - _USUAL if until else None), until


def _end(lake: Snapshot) -> datetime | None:
    """Return the end of Gold's newest hour."""
    files = [file for part in lake.parts(GOLD) for file in part.pinned.files]
    newest = newest_of(files, "hour")
    if newest is None and (read := lake.relation(GOLD)):
        ((newest,),) = lake.rows("SELECT max(hour) FROM gold", None, gold=read)
    return newest + timedelta(hours=1) if newest else None


def _values(viewer: Viewer, asked: VolumeAsked, since: datetime, until: datetime) -> dict[str, Any]:
    return {
        "owners": list(viewer.owners),
        "since": since,
        "until": until,
        "platforms": list(asked.platforms),
        "channels": list(asked.channels),
        "profile": PSEUDONYM.pattern,
        "least": 0 if viewer.sees_small_cells else viewer.min_authors,
    }


def _sums(asked: VolumeAsked) -> str:
    by = _BY[asked.by]
    return " ".join(
        [
            "SELECT",
            ", ".join([_BEGINS, *by, *_SUMMED]),
            ", CASE WHEN count(*) = 1 THEN max(authors) END AS authors",
            "FROM",
            _ASKED,
            "WHERE shown GROUP BY ALL ORDER BY ALL LIMIT $limit",
        ]
    )


def _cells(rows: list[tuple[Any, ...]], asked: VolumeAsked) -> Iterator[Cell]:
    named = len(_BY[asked.by])
    for begins, *rest in rows:
        platform, channel, *_ = (*rest[:named], None, None)
        posts, positive, neutral, negative, mixed, unscored, compound, authors = rest[named:]
        labelled = posts - unscored
        yield Cell(
            to_datetime(begins),
            platform,
            channel,
            posts,
            positive,
            neutral,
            negative,
            mixed,
            unscored,
            compound / _UNIT / labelled if labelled else None,
            (positive - negative) / labelled if labelled else None,
            authors,
        )
