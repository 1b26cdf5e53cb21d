"""Expiry of the producers' own data by the policies: landing files and ids of seen posts."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from foundation.policies import Field, Policy
from ingestion.recordings.landing import Landing
from ingestion.state.store import IngestStore
from schemas.epoch import to_micros


@dataclass(frozen=True, slots=True)
class Expired:
    """The files or ids deleted for a platform; files that no load has sent yet stay."""

    field: Field
    platform: str
    count: int
    waiting: int = 0


def expire(
    policies: Mapping[str, Policy],
    *,
    now: datetime,
    landing: Callable[[str], Landing],
    store: Callable[[str], IngestStore],
    dry_run: bool = False,
) -> Iterator[Expired]:
    """Enforce the policies as of a moment; answers what has gone, platform by platform.

    Args:
        policies: by platform.
        now: the moment.
        landing: a platform's landing files.
        store: a platform's memory; opened and closed here.
        dry_run: only say what would go.
    """
    for name, policy in policies.items():
        with store(name) as memory:
            before = now - timedelta(days=policy.keep["landing.answers"].days)
            removed, waiting = landing(name).remove(before, memory, dry_run=dry_run)
            yield Expired("landing.answers", name, removed, waiting)
            since = to_micros(now - timedelta(days=policy.keep["producers.sightings"].days))
            yield Expired("producers.sightings", name, _forget(memory, since, dry_run=dry_run))


def _forget(memory: IngestStore, before: int, *, dry_run: bool) -> int:
    if dry_run:
        return sum(post.seen_at < before for post in memory.all_seen_posts())
    return memory.delete_seen_before(before=before)
