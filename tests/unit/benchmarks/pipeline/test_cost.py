"""The monthly cost and the resources of a run are right for invented figures."""

import pytest

from benchmarks.pipeline import cost, start, tables
from benchmarks.pipeline.watch import Seen

FIGURES = {
    "ours": {"cpu_us_per_post": 360.0, "posts_per_s": 2_000.0},
    "lake_bytes_per_record": 2_000,
    "start": {
        "posts": 1_000,
        "ways": {
            "as set": {
                "committed_s": dict.fromkeys(
                    ("topic_to_bronze", "bronze_to_silver", "silver_to_gold"), 9.0
                ),
                "whole_s": 72.0,
                "cpu_s": 40.0,
                "peak_mb": 2_000,
                "objects": 50,
            }
        },
    },
}


def test_a_month_by_hand():
    few, many, _ = cost.loads(FIGURES)
    assert cost.records_per_core_hour(FIGURES) == 10_000_000
    assert (few.records, few.core_h, few.lake_gb) == (100_000, 0.01, 0.2)
    assert many.run_h == pytest.approx(2_920 * 0.02 + 10_000_000 / 2_000 / 3_600)
    assert many.emr_usd == pytest.approx(many.run_h * 2 * (2 * 0.052624 + 8 * 0.0057785))
    assert many.storage_usd == pytest.approx(20 * 0.023)
    assert many.requests_usd == pytest.approx(
        (2_920 * 50 + 20_000) * (2 * 0.005 + 10 * 0.0004) / 1000
    )


def test_a_run_is_billed_for_a_minute_at_least():
    quick = FIGURES["start"]["ways"]["as set"] | {"whole_s": 9.0}
    few, *_ = cost.loads(FIGURES | {"start": {"ways": {"as set": quick}}})
    assert few.run_h == 2_920 / 60


@pytest.mark.parametrize("missing", ["start", "lake_bytes_per_record"])
def test_without_all_figures_there_is_no_month(missing):
    assert cost.loads({name: value for name, value in FIGURES.items() if name != missing}) == []


def test_start_and_cost_have_their_tables():
    shown = tables.start(FIGURES["start"]).markdown()
    assert "| as set | 9.0 | 9.0 | 9.0 | 72.0 | 40.0 | 2,000 | 50 |" in shown
    costs = tables.cost(cost.loads(FIGURES), 10_000_000).markdown()
    assert "| 100,000 | 0.01 | 0.2 |" in costs
    assert "10.0 million records per core hour" in costs


def test_a_tree_counts_all_below_its_root_and_those_that_have_ended():
    tree = start.Tree(10)
    tree.add(
        {1: Seen(0, False, 99.0, 900), 10: Seen(1, True, 1.0, 50), 11: Seen(10, False, 5.0, 700)}
    )
    tree.add(
        {1: Seen(0, False, 99.0, 900), 10: Seen(1, True, 2.0, 50), 12: Seen(11, True, 1.0, 60)}
    )
    assert (tree.cpu_s, tree.peak_mb) == (2 + 5, 750)
    tree.add(
        {10: Seen(1, True, 2.0, 50), 11: Seen(10, False, 6.0, 700), 12: Seen(11, True, 1.0, 60)}
    )
    assert (tree.cpu_s, tree.peak_mb) == (2 + 6 + 1, 810)
