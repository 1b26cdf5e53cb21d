"""Batches, quarantine, completeness and costs are right."""

import json
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from foundation.errors import ScorerBudgetError
from foundation.settings import Settings
from serving.queries.quality import Cost, Quarantined, Quota, costs_of, quality
from serving.queries.shared import Completeness, Fates
from serving.reader.reader import Reader

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
COUNTS = Fates.__slots__


def batch(job, hours_ago=0, lag=None, **counts):
    return {
        "query": job,
        "ended_at": NOW - timedelta(hours=hours_ago),
        "lag_records": lag,
        "input_rows_per_s": 5.0 + hours_ago,
        **dict.fromkeys(COUNTS, 0),
    } | counts


SCHEMA = pa.schema(
    [
        ("query", pa.string()),
        ("ended_at", pa.timestamp("us", "UTC")),
        ("lag_records", pa.int64()),
        ("input_rows_per_s", pa.float64()),
        *[(name, pa.int64()) for name in COUNTS],
    ]
)


@pytest.fixture
def ask(tmp_path):
    home = Settings(home=tmp_path)
    reader = Reader(home.lake_uri)

    def ask(*batches, **more):
        for each in batches:
            write_deltalake(
                f"{home.lake_uri}/ops/batches/{each['query']}",
                pa.Table.from_pylist([each], schema=SCHEMA),
                mode="append",
            )
        return reader.answer(lambda lake: quality(lake, **more))

    yield ask
    reader.close()


def test_an_empty_lake(ask):
    answer = ask()
    assert (answer.jobs, answer.quarantine, answer.costs, answer.quotas) == ((), (), (), ())
    assert answer.fates == Fates()
    assert answer.completeness == Completeness()


def test_the_batches_of_a_day_up_to_each_job_s_newest_one(ask):
    answer = ask(
        batch("topic_to_bronze", 30, lag=9, consumed=1),
        batch("topic_to_bronze", 7, lag=5, consumed=2),
        batch("topic_to_bronze", 0, lag=2, consumed=4),
        batch("bronze_to_silver", 100, consumed=10, new=8, quarantined=2),
        batch("bronze_to_silver", 90, consumed=20, new=15, edited=1, deleted=2, quarantined=2),
    )
    silver, bronze = answer.jobs
    assert (bronze.job, bronze.batches_24h, bronze.lag_records) == ("topic_to_bronze", 2, 2)
    assert (bronze.last_batch_at, bronze.input_rows_per_s) == (NOW, 5.0)
    assert (silver.job, silver.batches_24h, silver.lag_records) == ("bronze_to_silver", 2, None)
    assert answer.fates == Fates(consumed=30, new=23, edited=1, deleted=2, quarantined=4)
    assert answer.completeness == Completeness(
        share=26 / 32, lag_records=2, quarantined=4, last_batch_at=NOW
    )


def test_quarantine_by_platform_and_reason(ask, tmp_path):
    rows = {
        "platform": ["x", "x", "reddit", None],
        "reason": ["not_utf8", "not_utf8", "unmappable", "no_platform"],
    }
    write_deltalake(str(tmp_path / "lake/quarantine/posts"), pa.table(rows))
    assert ask().quarantine == (
        Quarantined("x", "not_utf8", 2),
        Quarantined("reddit", "unmappable", 1),
        Quarantined(None, "no_platform", 1),
    )


def test_costs_are_those_of_the_month(tmp_path):
    home = Settings(home=tmp_path)
    assert costs_of(home, NOW) == ()
    file = tmp_path / "budgets" / "comprehend.json"
    file.parent.mkdir()
    file.write_text(json.dumps({"2026-10": 7.0, "2026-11": 1.5}))
    assert costs_of(home, NOW) == (Cost("comprehend", 1.5, 10.0),)
    file.write_text("{")
    with pytest.raises(ScorerBudgetError):
        costs_of(home, NOW)


def test_costs_and_quotas_are_told_by_who_asks(ask):
    quota = Quota("reddit", "requests", 3, 100, "day")
    cost = Cost("comprehend", 1.5, 10.0)
    answer = ask(costs=[cost], quotas=[quota])
    assert (answer.costs, answer.quotas) == ((cost,), (quota,))
