"""Sweep: read sent posts again, to find edits and deletes that a platform does not push."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from ingestion.producer.loop import IngestLoop, IngestReport
from ingestion.reader import SeenPost, SourceBatch

# µs until a post's first check; each later one follows when a quarter of its age has passed.
_FIRST = 3600 * 1_000_000


def sweep(live: IngestLoop, clock: Callable[[], int], *, everything: bool = False) -> IngestReport:
    """Read again the posts that are due for a check, or all of them; raises as `live.run` does.

    A check is saved only after Kafka has acknowledged its result, so a sweep that was killed
    continues there.
    """
    started = clock()
    at_once = live.platform.sweeps_at_once
    while True:
        if everything:
            posts = live.store.unchecked(since=started, limit=at_once)
        else:
            posts = live.store.due_for_check(now=started, first=_FIRST, limit=at_once)
        if not posts:
            return live.report
        report = live.run(partial(_refetch, live, posts))
        if report.stopped:
            return report
        # `max`: after a clock that was set back, the same posts would be due again.
        live.store.mark_checked((post.post_id for post in posts), now=max(started, clock()))


def _refetch(live: IngestLoop, posts: Sequence[SeenPost]) -> Iterator[SourceBatch]:
    return live.reader().refetch(posts)
