"""The ledger's spans say when a source was read: reading joins them, and a loss cuts them."""

from itertools import pairwise

import pytest

from ingestion.state.spans import merged, without
from tests.support.live import LIVE, trial, without_pauses

MINUTE = 60_000_000


@pytest.mark.parametrize(
    ("stretches", "holes", "left"),
    [
        ([], [], []),
        ([(1, 5), (5, 9)], [], [(1, 9)]),
        ([(7, 9), (1, 5), (4, 6)], [], [(1, 6), (7, 9)]),
        ([(5, 5), (9, 3)], [], []),
        ([(1, 9)], [(3, 5)], [(1, 3), (5, 9)]),
        ([(1, 9)], [(0, 5)], [(5, 9)]),
        ([(1, 9)], [(5, 12)], [(1, 5)]),
        ([(1, 9)], [(0, 12)], []),
        ([(1, 9)], [(4, 4)], [(1, 9)]),
        ([(1, 4), (6, 9)], [(3, 7), (8, 9)], [(1, 3), (7, 8)]),
    ],
)
def test_stretches_are_joined_and_cut(stretches, holes, left):
    assert without(merged(stretches), holes) == left


@pytest.mark.parametrize("name", LIVE)
def test_each_reader_says_what_it_covered_and_goes_on_from_there(name, tmp_path):
    with without_pauses(), trial(name, tmp_path, posts=60, seconds=100) as made:
        began = made.clock()
        made.clock.shift += MINUTE
        made.run()
        made.clock.shift += MINUTE
        report = made.run()
        with made.store() as held:
            spans = held.spans()
        assert {each.source for each in spans} == report.covered != set()
        assert all(began - 1000 * 1_000_000 <= each.since < each.until for each in spans)
        assert all(each.until <= made.clock() for each in spans)
        assert max(each.until for each in spans) > began, "also what was read by the second run"
        by_source = sorted(spans, key=lambda each: (each.source, each.since))
        assert all(one.source != two.source for one, two in pairwise(by_source)), (
            "nothing between the runs is missing"
        )
