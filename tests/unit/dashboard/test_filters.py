"""An address repeats a choice of filters, and a wrong or hostile one does no harm."""

from datetime import date

import pytest

from dashboard.filters import Filters, from_address, to_address


@pytest.mark.parametrize(
    ("address", "chosen"),
    [
        pytest.param({}, Filters(), id="nothing is the last week of all"),
        pytest.param({"days": "30"}, Filters(days=30), id="days"),
        pytest.param(
            {"from": "2026-03-01", "to": "2026-03-04"},
            Filters(first=date(2026, 3, 1), last=date(2026, 3, 4)),
            id="dates",
        ),
        pytest.param(
            {"platform": "bluesky,reddit"}, Filters(platforms=("bluesky", "reddit")), id="platforms"
        ),
        pytest.param(
            {"channel": "r/coffee & tea", "label": "negative"},
            Filters(channel="r/coffee & tea", label="negative"),
            id="channel and label",
        ),
    ],
)
def test_an_address_and_a_choice_say_the_same(address, chosen):
    assert from_address(address) == chosen
    assert to_address(chosen) == address


@pytest.mark.parametrize(
    "address",
    [
        pytest.param({"days": "8"}, id="days that are not offered"),
        pytest.param({"days": "-1e9"}, id="no number"),
        pytest.param({"from": "2026-03-04"}, id="one date"),
        pytest.param({"from": "2026-03-04", "to": "2026-03-01"}, id="dates the wrong way round"),
        pytest.param({"from": "yesterday", "to": "today"}, id="no dates"),
        pytest.param({"from": "9999-12-30", "to": "9999-12-31"}, id="the end of all days"),
        pytest.param({"from": "0001-01-01", "to": "0001-01-02"}, id="their beginning"),
        pytest.param({"from": "2010-01-01", "to": "2190-01-01"}, id="longer than ten years"),
        pytest.param({"platform": "<script>,,../x, a b"}, id="no platforms"),
        pytest.param({"label": "furious"}, id="no label"),
        pytest.param({"unknown": "x"}, id="no filter"),
    ],
)
def test_what_an_address_says_wrongly_does_not_count(address):
    assert from_address(address) == Filters()


def test_platforms_have_one_order_so_that_equal_views_have_equal_addresses():
    address = {"platform": "reddit,bluesky,reddit"}
    assert to_address(from_address(address)) == {"platform": "bluesky,reddit"}


def test_a_channel_in_an_address_is_not_endless():
    assert len(from_address({"channel": "x" * 10_000}).channel) == 200
