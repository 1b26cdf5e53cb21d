"""The polling loop makes one round with `once`, pauses otherwise, and drops a cut source."""

from itertools import islice
from types import SimpleNamespace

import pytest

from foundation.errors import ListingCutError
from ingestion.reader import SourceBatch
from ingestion.readers.clients.pages import ListingCuts
from ingestion.readers.clients.polling import poll_sources

SOURCES = ("a", "b")


def read(source):
    yield SourceBatch(source=source)


def cut(source):
    yield SourceBatch(source=source)
    raise ListingCutError(source, remedy="none")


def seen(batches):
    return [(batch.source, batch.pause_s) for batch in batches]


def test_once_reads_every_source_and_ends():
    context = SimpleNamespace(once=True, poll_s=7.0)
    batches = poll_sources(context, ListingCuts(), SOURCES, read)
    assert seen(batches) == [("a", 0.0), ("b", 0.0)]


def test_rounds_follow_each_other_with_a_pause_between():
    context = SimpleNamespace(once=False, poll_s=7.0)
    batches = poll_sources(context, ListingCuts(), SOURCES, read)
    assert seen(islice(batches, 5)) == [
        ("a", 0.0),
        ("b", 0.0),
        ("a", 7.0),
        ("a", 0.0),
        ("b", 0.0),
    ]


@pytest.mark.parametrize("once", [True, False])
def test_a_cut_ends_a_single_run_in_error_after_the_other_sources(once):
    context = SimpleNamespace(once=once, poll_s=7.0)
    cuts = ListingCuts()

    def read_or_cut(source):
        cuts.begin()
        yield from cuts.until_cut(cut(source) if source == "a" else read(source))
        cuts.gap(source, 0, 1)

    batches = poll_sources(context, cuts, SOURCES, read_or_cut)
    assert seen(islice(batches, 2)) == [("a", 0.0), ("b", 0.0)]
    if once:
        with pytest.raises(ListingCutError):
            next(batches)
    else:
        rest = seen(islice(batches, 3))
        assert rest == [("a", 7.0), ("b", 0.0), ("a", 7.0)]  # one round without the cut source
