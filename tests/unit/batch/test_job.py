"""A refusal of a batch job costs no JVM, and a batch job holds the lake."""

import pytest

from batch import job as batch
from batch.jobs import BATCH_JOBS
from foundation.errors import KeyFileError, LakeInUseError, SettingsError, UsageError
from foundation.keys import create_key
from foundation.settings import Settings
from lakehouse.spark import session
from lakehouse.storage.lease import hold_lake

JOBS = {job.name: job for job in BATCH_JOBS}


@pytest.fixture
def settings(tmp_path, monkeypatch):
    """Return a home with a key, on a machine with Java and jars. Starting Spark fails the test."""
    monkeypatch.setattr(session, "preflight", lambda _: None)
    monkeypatch.setattr(batch, "build_session", lambda *_: pytest.fail("Spark was started"))
    settings = Settings(home=tmp_path)
    create_key(settings.key_file)
    settings.key_id_file.write_text("v1-0123456789ab\n")
    return settings


def run(name, settings):
    return list(JOBS[name].run(settings))


@pytest.mark.parametrize("name", ["rebuild silver", "replay-quarantine", "rescore"])
def test_a_wrong_scorer_is_refused_before_spark_starts(settings, name):
    wrong = Settings(home=settings.home, scorer={"name": "tea_leaves"})
    with pytest.raises(SettingsError, match="tea_leaves"):
        run(name, wrong)


@pytest.mark.parametrize("name", ["rebuild silver", "replay-quarantine", "keys rotate"])
def test_a_missing_key_is_refused_before_spark_starts(settings, name):
    settings.key_file.unlink()
    settings.key_id_file.unlink()
    with pytest.raises(KeyFileError):
        run(name, settings)


def test_an_erasure_needs_the_payload_key_where_payloads_are_encrypted(settings):
    with pytest.raises(UsageError, match="payload key"):
        run("erase", Settings(home=settings.home, payloads={"encrypt": True}))


@pytest.mark.parametrize("name", JOBS)
def test_a_lake_in_use_is_refused_before_anything_else(settings, name):
    wrong = Settings(home=settings.home, scorer={"name": "tea_leaves"})
    with hold_lake(settings), pytest.raises(LakeInUseError):
        run(name, wrong)


def test_who_waits_is_told_who_holds_the_lake(settings, capsys):
    with hold_lake(settings), pytest.raises(LakeInUseError):
        list(JOBS["compact"].run(settings, wait_s=0.001))
    assert capsys.readouterr().err.startswith("waiting: process ")
