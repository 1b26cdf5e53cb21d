"""Spending of producers is shown with its limits, and read again after a while."""

from cli.output.quotas import quotas_of
from foundation import clock
from foundation.settings import Settings
from ingestion.producer.build import store_location
from ingestion.state.budget import Budget, limits_of
from ingestion.state.store import IngestStore
from tests.support.clock import BASE


def noon():
    return int(BASE.timestamp() * 1_000_000)


def spend(settings, amount):
    with IngestStore(store_location(settings), owner="public", platform="x") as store:
        Budget(limits_of("x"), store, noon).spend("usd", amount)


def told(quotas):
    return [(each.platform, each.unit, each.spent, each.limit, each.window) for each in quotas()]


def test_quotas_are_told_with_what_was_spent(tmp_path, monkeypatch):
    monkeypatch.setattr(clock, "micros", noon)
    settings = Settings(home=tmp_path)
    now = [0.0]
    quotas = quotas_of(settings, lambda: now[0])
    unspent = [("linkedin", "calls", 0, 500, "day"), ("x", "usd", 0, 25, "month")]

    assert told(quotas) == unspent
    assert not (tmp_path / "cursors" / "ingest.sqlite3").exists()
    spend(settings, 2.5)
    assert told(quotas) == unspent
    now[0] = 30.0
    assert told(quotas)[1] == ("x", "usd", 2.5, 25, "month")


def test_a_memory_that_cannot_be_read_is_no_error_of_the_api(tmp_path):
    settings = Settings(home=tmp_path)
    (tmp_path / "cursors").mkdir()
    (tmp_path / "cursors" / "ingest.sqlite3").write_bytes(b"no database" * 100)

    assert told(quotas_of(settings)) == []
