"""What producers keep beside the lake's tables, as long as the policies say: landing files, and ids of posts seen."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from foundation.policies import Field, Policy
from ingestion.landing import Landing
from ingestion.store import IngestStore


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What went of a platform's: files or ids, and the files that no load has sent yet, which stay."""

    field: Field
    platform: str
    count: int
    waiting: int = 0


def forget(
    policies: Mapping[str, Policy],
    *,
    now: datetime,
    landing: Callable[[str], Landing],
    store: Callable[[str], IngestStore],
) -> Iterator[Forgotten]:
    """Enforce the policies as of a moment; answers what has gone, platform by platform.

    Args:
        policies: by platform.
        now: the moment.
        landing: a platform's landing files.
        store: a platform's memory; opened and closed here.
    """
    for name, policy in policies.items():
        with store(name) as memory:
            before = now - timedelta(days=policy.keep["landing.answers"].days)
            removed, waiting = landing(name).remove(before, memory)
            yield Forgotten("landing.answers", name, removed, waiting)
            before = now - timedelta(days=policy.keep["producers.sightings"].days)
            yield Forgotten("producers.sightings", name, memory.forget_posts(before=round(before.timestamp() * 1e6)))
