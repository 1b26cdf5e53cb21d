"""Poll: read rounds over a reader's sources, with a pause after each round."""

from collections.abc import Callable, Iterator, Sequence

from ingestion.reader import Context, SourceBatch
from ingestion.readers.clients.pages import ListingCuts


def poll_sources(
    context: Context,
    cuts: ListingCuts,
    sources: Sequence[str],
    read: Callable[[str], Iterator[SourceBatch]],
) -> Iterator[SourceBatch]:
    """Read each source once per round, except those that `cuts` skips.

    Args:
        context: the reader's context.
        cuts: the listings that were cut in earlier rounds.
        sources: the sources in the order of the watchlist; at least one.
        read: reads one source from its cursor.

    Raises:
        ListingCutError: with `once`, a listing was cut.
    """

    def read_round() -> Iterator[SourceBatch]:
        for source in sources:
            if not cuts.skips(source):
                yield from read(source)

    yield from poll(context, cuts, sources[0], read_round)


def poll(
    context: Context,
    cuts: ListingCuts,
    source: str,
    read_round: Callable[[], Iterator[SourceBatch]],
) -> Iterator[SourceBatch]:
    """Read one round with `context.once`, else rounds for ever; pauses are batches of `source`.

    Raises:
        ListingCutError: with `once`, a listing was cut.
    """
    while True:
        yield from read_round()
        cuts.end(once=context.once)
        if context.once:
            return
        yield SourceBatch(source=source, pause_s=context.poll_s)
