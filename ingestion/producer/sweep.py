"""Looking again at what was sent: the way to edits and deletes that a platform does not push."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from ingestion.producer.loop import Ingest, Report
from ingestion.reader import Batch, Sighting

# µs: a post is looked at again not sooner; then whenever a quarter of its age has passed
_FIRST = 3600 * 1_000_000


def sweep(live: Ingest, clock: Callable[[], int], *, everything: bool = False) -> Report:
    """Look again at the posts that are due, or at all of them.

    What was looked at is noted once Kafka has acknowledged what came of it, so a sweep that dies
    goes on from there.
    """
    started, at_once = clock(), live.platform.sweeps_at_once
    while True:
        if everything:
            posts = live.store.unchecked(since=started, limit=at_once)
        else:
            posts = live.store.due(now=started, first=_FIRST, limit=at_once)
        if not posts:
            return live.report
        report = live.run(partial(_refetch, live, posts))
        if report.stopped:
            return report
        # Also where the clock was set back meanwhile: else the same posts would be due again and
        # again.
        live.store.checked((post.post_id for post in posts), now=max(started, clock()))


def _refetch(live: Ingest, posts: Sequence[Sighting]) -> Iterator[Batch]:
    return live.reader().refetch(posts)
