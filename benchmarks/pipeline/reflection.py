"""Latencies from what was sent and what the tables' commits say; nothing here touches a table.

A record is in Gold with the first Gold commit whose Silver version is not before the commit that
brought the record into Silver.
"""

import bisect
import json
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

KINDS = ("new", "edit", "delete")


class Event(NamedTuple):
    """A record as it was sent."""

    kind: str  # one of KINDS
    post_key: str
    version: int
    observed_at: int  # microseconds since 1970


class Change(NamedTuple):
    """The effect of a commit of Silver on a post."""

    post_key: str
    version: int  # of the post
    is_removal: bool
    commit: int


class GoldCommit(NamedTuple):
    """A version of Gold."""

    silver_version: int
    at: int  # microseconds since 1970


def event_of(headers: dict[str, bytes], value: bytes) -> Event:
    """Return what a record says of itself."""
    event = json.loads(value)
    kind = "delete" if event["op"] == "delete" else "edit" if event["version"] else "new"
    return Event(kind, headers["post_key"].decode(), event["version"], event["observed_at"])


def summarise(
    sent: Sequence[Event], changes: Iterable[Change], gold: Sequence[GoldCommit]
) -> dict[str, Any]:
    """Return percentiles by kind; `without` counts records that no commit reflects."""
    seconds: dict[str, list[float]] = {kind: [] for kind in KINDS}
    without: Counter[str] = Counter()
    by_post = _by_post(changes)
    versions = [commit.silver_version for commit in gold]
    for event in sent:
        commit = reflecting(event, by_post.get(event.post_key, ()))
        at = None if commit is None else bisect.bisect_left(versions, commit)
        if at is None or at == len(gold):
            without[event.kind] += 1
        else:
            seconds[event.kind].append((gold[at].at - event.observed_at) / 1e6)
    return {kind: percentiles(seconds[kind]) | {"without": without[kind]} for kind in KINDS}


def _by_post(changes: Iterable[Change]) -> dict[str, list[Change]]:
    changes_of: dict[str, list[Change]] = {}
    for change in changes:
        changes_of.setdefault(change.post_key, []).append(change)
    return changes_of


def reflecting(event: Event, changes: Iterable[Change]) -> int | None:
    """Return the first commit of Silver that reflects the event, or a later one of its post."""
    commits = [
        change.commit
        for change in changes
        if change.is_removal or (event.kind != "delete" and change.version >= event.version)
    ]
    return min(commits, default=None)


def percentiles(seconds: list[float]) -> dict[str, Any]:
    """Return the percentile by nearest rank."""
    ranked = sorted(seconds)

    def at(share: float) -> float | None:
        return round(ranked[max(0, math.ceil(share * len(ranked)) - 1)], 2) if ranked else None

    return {"count": len(ranked), "p50_s": at(0.5), "p95_s": at(0.95), "max_s": at(1.0)}
