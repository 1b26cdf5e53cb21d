"""Make the lakes from which tests start. Each is made once and copied for tests that change it."""

import shutil

import pytest

from foundation import clock
from foundation.keys import create_key
from foundation.settings import Settings
from ingestion.generator import read_ledger, run_generator
from ingestion.kafka.producer import MemoryProducer
from tests.jobs.lakes import CAP, DRAINED_WITHIN, NOW, POSTS, RATES, Lake, as_kafka_would, copied
from tests.support.clock import BASE, going_on_from


@pytest.fixture(autouse=True)
def _time_of_the_data(monkeypatch):
    """Set the clock of jobs in this process to the time when the lakes' records were received."""
    monkeypatch.setattr(clock, "now", going_on_from(NOW + DRAINED_WITHIN))


@pytest.fixture(scope="session")
def new_lake(spark, tmp_path_factory) -> Lake:
    """Return a Bronze that no job has read yet."""
    settings = Settings(
        home=tmp_path_factory.mktemp("new"),
        sanitizer={"max_text_chars": CAP},
        stream={"trigger_s": 0.2, "follow_s": 0.2},
    )
    create_key(settings.key_file)
    sender = MemoryProducer()
    report = run_generator(settings, sender, n_posts=POSTS, seed=5, base=BASE, rates=RATES)
    lake = Lake(spark, settings, list(read_ledger(report.ledger)), as_kafka_would(sender.messages))
    lake.receive(lake.bronze)
    return lake


@pytest.fixture(scope="session")
def full_lake(new_lake, tmp_path_factory) -> Lake:
    """Return the same lake, drained half a year later."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "now", going_on_from(NOW))
        return copied(new_lake, tmp_path_factory.mktemp("full")).drain()


@pytest.fixture
def fresh(new_lake, tmp_path) -> Lake:
    """Return a copy of the lake whose Bronze no job has read yet."""
    return copied(new_lake, tmp_path)


@pytest.fixture
def drained(full_lake, tmp_path) -> Lake:
    """Return a copy of the lake that has gone through all hops."""
    return copied(full_lake, tmp_path)


@pytest.fixture
def empty(new_lake, tmp_path) -> Lake:
    """Return a home with the same key and without a lake."""
    shutil.copytree(new_lake.settings.home / "keys", tmp_path / "keys")
    return new_lake.set(home=tmp_path)
