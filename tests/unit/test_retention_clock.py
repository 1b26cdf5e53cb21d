"""When the jobs enforce policies and remove what that replaced, over restarts; what they do then is tests/jobs'."""

import os
import time
from contextlib import nullcontext
from types import SimpleNamespace

import pytest

from foundation.sections import UpkeepSettings
from foundation.settings import Settings
from lakehouse import retention
from lakehouse.retention import Retained, Retention
from schemas.tables import BRONZE_POSTS

HOUR = 3600.0


@pytest.fixture
def calls(monkeypatch):
    made = []
    found = iter([3, 0, 0, 0])

    def retain(*_, **__):
        made.append("retain")
        yield Retained("bronze.record", next(found))

    monkeypatch.setattr(retention, "retain", retain)
    monkeypatch.setattr(retention.upkeep, "vacuum", lambda *_, **__: made.append("vacuum"))
    monkeypatch.setattr(retention.upkeep, "unread_for_h", lambda *_: 0.0)
    return made


@pytest.fixture
def settings(tmp_path):
    return Settings(home=tmp_path, upkeep=UpkeepSettings(retain_interval_s=6 * HOUR, keep_h=168.0))


def run(settings):
    """What a process does that ends at once, as a scheduled one."""
    job = SimpleNamespace(settings=settings, owns=(BRONZE_POSTS,), name="topic_to_bronze", writing=nullcontext())
    Retention(None, job).run(True)


def pass_by(settings, seconds):
    """Files become older; the clock stays."""
    for file in (settings.home / "run").iterdir():
        os.utime(file, (time.time(), file.stat().st_mtime - seconds))


def run_after(settings, hours):
    """The next one, so many hours later."""
    pass_by(settings, hours * HOUR)
    run(settings)


def test_scheduled_runs_enforce_once_per_interval(settings, calls):
    run(settings)
    assert calls == [], "who replays what is old can look at it before"
    run_after(settings, 5)
    assert calls == []
    run_after(settings, 1)
    run(settings)
    assert calls == ["retain"]
    run_after(settings, 6)
    assert calls == ["retain"] * 2


def test_what_was_replaced_goes_once_when_its_time_is_up(settings, calls):
    run(settings)
    run_after(settings, 6)
    run_after(settings, 167)
    assert "vacuum" not in calls
    run_after(settings, 1)
    run(settings)
    assert calls.count("vacuum") == 1


def test_what_expired_meanwhile_goes_by_the_next_vacuum(settings, calls, monkeypatch):
    found = iter([3, 3, *[0] * 99])
    monkeypatch.setattr(retention, "retain", lambda *_, **__: iter([Retained("bronze.record", next(found))]))
    run(settings)
    for _ in range(2):
        run_after(settings, 6)
    for hours in (163, 168, 168):
        run_after(settings, hours)
    assert calls.count("vacuum") == 2


def test_what_a_stream_has_still_to_read_stays(settings, calls, monkeypatch):
    monkeypatch.setattr(retention.upkeep, "unread_for_h", lambda *_: None)
    run(settings)
    run_after(settings, 6)
    run_after(settings, 200)
    assert "vacuum" not in calls
