"""Usage adds up in memory, and in the database from several processes."""

from datetime import date

from foundation import clock
from tenancy.usage import UsageCounter, usage_of, write_usage
from tests.support.clock import BASE

DAY = BASE.date()


def test_sums_are_written_once_and_add_up(database, monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: BASE)
    counter = UsageCounter()
    counter.add("default", "texts", 25)
    counter.add("default", "texts")
    counter.add("default", "requests")

    write_usage(database, counter.take())
    write_usage(database, counter.take())
    write_usage(database, {("default", DAY.isoformat(), "texts"): 4})

    assert usage_of(database, "default", DAY) == {"texts": 30, "requests": 1}
    assert usage_of(database, "default", date(2020, 1, 1)) == {}
    assert usage_of(database, "other", DAY) == {}


def test_sums_that_could_not_be_written_are_not_lost(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: BASE)
    counter = UsageCounter()
    counter.add("default", "texts", 2)
    taken = counter.take()
    counter.add("default", "texts", 3)
    counter.give_back(taken)

    assert counter.take() == {("default", DAY.isoformat(), "texts"): 5}
