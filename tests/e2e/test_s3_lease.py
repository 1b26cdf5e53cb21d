"""The lease of a lake on S3 has one holder, as a real server shows.

This holds whatever becomes of the holder and of the store's answers.
"""

import time
from threading import Event

import pytest

from foundation.errors import LakeInUseError
from foundation.settings import Settings
from lakehouse.storage import s3_lease
from lakehouse.storage.lease import hold_lake
from lakehouse.storage.s3_lease import S3Lease
from tests.support.commands import wait_until
from tests.support.s3 import faulty, new_s3

pytestmark = pytest.mark.extended
WAIT_S = 30


@pytest.fixture(scope="module")
def s3(tmp_path_factory):
    with (
        pytest.MonkeyPatch.context() as patch,
        new_s3(tmp_path_factory.mktemp("s3"), patch) as settings,
    ):
        yield settings


@pytest.fixture
def settings(s3, tmp_path):
    return Settings(home=tmp_path / "here", lake=f"s3a://lake/{tmp_path.name}", s3=s3)


@pytest.fixture
def elsewhere(settings, tmp_path):
    """Take the lease as another machine would."""
    return settings.model_copy(update={"home": tmp_path / "there"})


def test_it_is_one_holder_s_and_given_back(settings, elsewhere):
    for first, second in ((settings, elsewhere), (elsewhere, settings)):
        with (
            hold_lake(first),
            pytest.raises(LakeInUseError, match=r"process \d+ on .* already writes the lake"),
        ):
            hold_lake(second).__enter__()


def test_a_silent_holder_is_followed_and_finds_out(settings, elsewhere, monkeypatch):
    lost = Event()
    silent = S3Lease(settings, lost.set)
    monkeypatch.setattr(s3_lease, "RENEWED_EACH_S", 4.0)
    with silent.held(None):
        with pytest.raises(LakeInUseError), hold_lake(elsewhere):
            pytest.fail("two writers")
        monkeypatch.setattr(s3_lease, "ENDS_AFTER_S", 1.0)
        time.sleep(2.5)  # the store's clock has whole seconds
        with hold_lake(elsewhere):
            assert lost.wait(WAIT_S)


def test_a_home_whose_run_was_killed_need_not_wait(settings):
    killed = S3Lease(settings, Event().set)
    killed.take(None)
    with pytest.raises(LakeInUseError), hold_lake(settings):
        pytest.fail("two writers")
    with S3Lease(settings, Event().set).held(killed.id):
        pass


def test_it_is_kept_while_the_store_fails_often(settings, s3, elsewhere, monkeypatch):
    monkeypatch.setattr(s3_lease, "RENEWED_EACH_S", 0.02)
    kinds = ("refused", "lost", "stalled")
    lost = Event()
    with faulty(s3.model_copy(update={"timeout_s": 0.5}), share=0.3, stall_s=1.0, seed=3) as (
        often,
        faults,
    ):
        mine = S3Lease(settings.model_copy(update={"s3": often}), lost.set)
        with mine.held(None):
            wait_until(
                lambda: min(faults.answers[kind] for kind in kinds) > 3, within_s=60, what="faults"
            )
            with pytest.raises(LakeInUseError), hold_lake(elsewhere):
                pytest.fail("two writers")
    assert not lost.is_set()
