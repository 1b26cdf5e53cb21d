"""Compute latencies from the events sent and the commits of Silver and Gold.

A record is in Gold after the first commit of Gold that is based on its commit in Silver or a later
one. The functions here read no table.
"""

import bisect
import json
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

KINDS = ("new", "edit", "delete")


class Event(NamedTuple):
    """A record that was sent."""

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
    """A commit of Gold, and the version of Silver that it is based on."""

    silver_version: int
    at: int  # microseconds since 1970


def event_of(headers: dict[str, bytes], value: bytes) -> Event:
    """Return the event in a record."""
    event = json.loads(value)
    kind = "delete" if event["op"] == "delete" else "edit" if event["version"] else "new"
    return Event(kind, headers["post_key"].decode(), event["version"], event["observed_at"])


def summarise(
    sent: Sequence[Event], changes: Iterable[Change], gold: Sequence[GoldCommit]
) -> dict[str, Any]:
    """Return percentiles by kind. `without` counts the records that never reached Gold."""
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
    """Return the first commit of Silver with the event or a later version; None if none has."""
    commits = [
        change.commit
        for change in changes
        if change.is_removal or (event.kind != "delete" and change.version >= event.version)
    ]
    return min(commits, default=None)


def percentiles(seconds: list[float]) -> dict[str, Any]:
    """Return count, median, 95th percentile and maximum, by nearest rank."""
    ranked = sorted(seconds)

    def at(share: float) -> float | None:
        return round(ranked[max(0, math.ceil(share * len(ranked)) - 1)], 2) if ranked else None

    return {"count": len(ranked), "p50_s": at(0.5), "p95_s": at(0.95), "max_s": at(1.0)}
