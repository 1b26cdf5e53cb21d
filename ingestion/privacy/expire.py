"""Delete landing files and sightings whose retention period, by the policy, has passed."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from foundation.policies import Field, Policy
from ingestion.recordings.landing import Landing
from ingestion.state.store import IngestStore
from schemas.epoch import to_micros


@dataclass(frozen=True, slots=True)
class Expired:
    """The number of files or sightings that were deleted for a platform."""

    field: Field
    platform: str
    count: int
    waiting: int = 0  # expired files that are kept until a load has sent them


def expire(
    policies: Mapping[str, Policy],
    *,
    now: datetime,
    landing: Callable[[str], Landing],
    store: Callable[[str], IngestStore],
    dry_run: bool = False,
) -> Iterator[Expired]:
    """Delete data past its retention period, and yield the counts platform by platform.

    Args:
        policies: the policies by platform.
        now: the time from which ages are measured.
        landing: returns a platform's landing files.
        store: opens a platform's memory, which is closed here.
        dry_run: count only, delete nothing.
    """
    for name, policy in policies.items():
        with store(name) as memory:
            before = now - timedelta(days=policy.keep["landing.answers"].days)
            removed, waiting = landing(name).remove(before, memory, dry_run=dry_run)
            yield Expired("landing.answers", name, removed, waiting)
            seen_before = to_micros(now - timedelta(days=policy.keep["producers.sightings"].days))
            count = _delete_sightings(memory, seen_before, dry_run=dry_run)
            yield Expired("producers.sightings", name, count)


def _delete_sightings(memory: IngestStore, before: int, *, dry_run: bool) -> int:
    if dry_run:
        return sum(post.seen_at < before for post in memory.all_seen_posts())
    return memory.delete_seen_before(before=before)
