"""The breaker trips after the right number of bad batches."""

import pytest

from foundation.sections import BreakerSettings
from streaming.breaker import is_mostly_bad, is_row_too_long

LIMITS = BreakerSettings(share=0.5, batches=3, min_records=100)


@pytest.mark.parametrize(
    ("consumed", "quarantined", "expected"),
    [(10, 6, True), (10, 5, False), (10, 0, False), (1, 1, True), (0, 0, False)],
)
def test_mostly_is_more_than_the_share(consumed, quarantined, expected):
    assert is_mostly_bad((consumed, quarantined), LIMITS) is expected


def test_at_a_share_of_one_nothing_is_mostly_bad():
    assert not is_mostly_bad((10, 10), BreakerSettings(share=1))


@pytest.mark.parametrize(
    ("consumed", "expected"),
    [
        ([100, 100], False),  # too few
        ([40, 40, 20], True),
        ([33, 33, 33], False),  # tiny
        ([1] * 99, False),
        ([1] * 100, True),  # all are tiny
        ([], False),
    ],
)
def test_a_row_is_long_enough_in_batches_and_in_records(consumed, expected):
    assert is_row_too_long([(records, records) for records in consumed], LIMITS) is expected
