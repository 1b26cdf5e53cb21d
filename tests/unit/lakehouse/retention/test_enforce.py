"""Jobs enforce policies and remove the replaced files on time, over restarts.

tests/jobs proves what they delete then.
"""

import os
from contextlib import nullcontext
from types import SimpleNamespace

import pytest

from foundation.sections import UpkeepSettings
from foundation.settings import Settings
from lakehouse.jobs.schedule import Schedule
from lakehouse.retention import enforce as retention
from lakehouse.retention.enforce import Enforced, retention_tasks
from schemas.tables import BRONZE_POSTS

HOUR = 3600.0


@pytest.fixture
def calls(monkeypatch):
    made = []
    found = iter([3, 0, 0, 0])

    def enforce(*_, **__):
        made.append("retain")
        yield Enforced("bronze.record", next(found))

    monkeypatch.setattr(retention, "enforce", enforce)
    monkeypatch.setattr(retention.optimize, "vacuum", lambda *_, **__: made.append("vacuum"))
    monkeypatch.setattr(retention.optimize, "unread_for_h", lambda *_: 0.0)
    return made


@pytest.fixture
def settings(tmp_path):
    return Settings(home=tmp_path, upkeep=UpkeepSettings(retain_interval_s=6 * HOUR, keep_h=168.0))


def run(settings):
    """Run one process that ends at once, as a scheduled one does."""
    job = SimpleNamespace(
        settings=settings, owns=(BRONZE_POSTS,), name="topic_to_bronze", writing=nullcontext()
    )
    Schedule(retention_tasks(None, job)).run_due(force=True)


def pass_by(settings, seconds):
    """Make files older without moving the clock."""
    for file in (settings.home / "run").iterdir():
        os.utime(file, (file.stat().st_atime, file.stat().st_mtime - seconds))


def run_after(settings, hours):
    """Run the next process, so many hours later."""
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


def test_what_was_replaced_goes_when_its_time_is_up_and_what_followed_by_the_next_vacuum(
    settings, calls
):
    run(settings)
    run_after(settings, 6)
    run_after(settings, 167)
    assert "vacuum" not in calls
    run_after(settings, 1)
    run(settings)
    assert calls.count("vacuum") == 1
    run_after(settings, 167)
    assert calls.count("vacuum") == 1
    run_after(settings, 1)
    assert calls.count("vacuum") == 2


def test_the_first_vacuum_finds_what_the_first_enforcement_replaced_old_enough(
    settings, calls, monkeypatch
):
    """The vacuum counts from the end of the enforcement, however long that took."""

    def slow(*_, **__):
        yield Enforced("silver.text", 3)
        pass_by(settings, HOUR)

    monkeypatch.setattr(retention, "enforce", slow)
    run(settings)
    run_after(settings, 6)
    monkeypatch.setattr(retention, "enforce", lambda *_, **__: iter(()))
    run_after(settings, 167.5)
    assert "vacuum" not in calls
    run_after(settings, 0.5)
    assert calls == ["vacuum"]


def test_a_kill_while_it_enforces_leaves_the_clock_running(settings, calls, monkeypatch):
    def killed(*_, **__):
        raise KeyboardInterrupt
        yield

    monkeypatch.setattr(retention, "enforce", killed)
    run(settings)
    with pytest.raises(KeyboardInterrupt):
        run_after(settings, 6)
    monkeypatch.setattr(retention, "enforce", lambda *_, **__: iter(()))
    run_after(settings, 168)
    assert calls == ["vacuum"]


def test_what_a_stream_has_still_to_read_stays(settings, calls, monkeypatch):
    monkeypatch.setattr(retention.optimize, "unread_for_h", lambda *_: None)
    run(settings)
    run_after(settings, 6)
    run_after(settings, 200)
    assert "vacuum" not in calls
