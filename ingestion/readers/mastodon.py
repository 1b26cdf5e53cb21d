"""Read Mastodon instances: timelines, statuses by id, and with a token the stream.

API: https://docs.joinmastodon.org/methods/timelines
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from foundation.errors import UsageError
from ingestion.reader import Context, SeenPost, SourceBatch
from ingestion.readers.clients.pages import ListingCuts
from ingestion.readers.clients.polling import poll_sources
from ingestion.readers.mastodon_instance import Instance
from ingestion.readers.mastodon_stream import streamed


class MastodonReader:
    """The reader of all instances of the watchlist."""

    def __init__(self, context: Context) -> None:
        self._context = context
        hosts = (
            [context.base_url]
            if context.base_url
            else [f"https://{name}" for name in context.watchlist.instances]
        )
        if not hosts:
            raise UsageError(
                "no Mastodon instance is named",
                remedy="Name one in conf/watchlists.toml: mastodon.instances",
            )
        self._cuts = ListingCuts()
        self._instances = [Instance(address, context, self._cuts) for address in hosts]

    def read(self) -> Iterator[SourceBatch]:
        """See `Reader`."""
        with self._connections():
            if (
                not self._context.once
                and len(self._instances) == 1
                and self._instances[0].can_stream()
            ):
                yield from streamed(self._instances[0], self._context)
                return
            instances = {instance.name: instance for instance in self._instances}
            yield from poll_sources(
                self._context,
                self._cuts,
                list(instances),
                lambda name: instances[name].new_statuses(),
            )

    def between(self, since: int, until: int) -> Iterator[SourceBatch]:
        """See `Reader`."""
        with self._connections():
            for instance in self._instances:
                yield from instance.between(since, until)
            self._cuts.end(once=True)

    def refetch(self, posts: Sequence[SeenPost]) -> Iterator[SourceBatch]:
        """See `Reader`; a status that its instance no longer shows counts as deleted."""
        with self._connections():
            for instance in self._instances:
                yield from instance.refetch(
                    [post for post in posts if post.source == instance.name]
                )

    @contextmanager
    def _connections(self) -> Iterator[None]:
        with ExitStack() as stack:
            for instance in self._instances:
                stack.enter_context(instance.http)
            yield
