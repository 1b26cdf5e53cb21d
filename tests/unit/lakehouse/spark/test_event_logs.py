"""Event logs stay within their bound, and Spark can still read what is left."""

import os

import pytest

from foundation.settings import Settings
from lakehouse.spark import event_logs

HEADER = b'{"Event":"SparkListenerLogStart"}\n{"Event":"SparkListenerApplicationStart"}\n'
JOB = b'{"Event":"SparkListenerJobStart"}\n'
MB = 2**20


@pytest.fixture
def settings(tmp_path):
    return Settings(home=tmp_path, spark={"event_logs_mb": 20})


def application(settings, name, *sizes_mb, age=0):
    folder = event_logs.folder(settings) / f"eventlog_v2_{name}"
    folder.mkdir(parents=True)
    (folder / f"appstatus_{name}").touch()
    for number, size in enumerate(sizes_mb, start=1):
        head = (HEADER if number == 1 else b"") + JOB
        (folder / f"events_{number}_{name}").write_bytes(head + b"x" * (size * MB))
    os.utime(folder, (1_000_000 - age, 1_000_000 - age))
    return folder


def names(folder):
    return sorted(file.name for file in folder.iterdir())


def test_nothing_goes_within_the_bound(settings):
    old = application(settings, "a", 9, age=1)
    new = application(settings, "b", 9)
    event_logs.trim(settings)
    assert (len(names(old)), len(names(new))) == (2, 2)


def test_the_oldest_application_goes_first(settings):
    old, middle, new = (
        application(settings, name, 9, age=age) for name, age in (("a", 2), ("b", 1), ("c", 0))
    )
    event_logs.trim(settings)
    assert not old.exists()
    assert (len(names(middle)), len(names(new))) == (2, 2)


def test_a_long_run_loses_its_oldest_files_but_not_its_name(settings):
    folder = application(settings, "a", 10, 10, 10, 1)
    event_logs.trim(settings)
    assert names(folder) == ["appstatus_a", "events_2_a.compact", "events_3_a", "events_4_a"]
    assert (folder / "events_2_a.compact").read_bytes() == HEADER


def test_it_goes_on_losing_them(settings):
    folder = application(settings, "a", 10, 10, 10, 1)
    event_logs.trim(settings)
    (folder / "events_5_a").write_bytes(b"x" * 12 * MB)
    event_logs.trim(settings)
    assert names(folder) == ["appstatus_a", "events_3_a.compact", "events_4_a", "events_5_a"]
    assert (folder / "events_3_a.compact").read_bytes() == HEADER


def test_the_file_that_is_being_written_stays(settings):
    folder = application(settings, "a", 50)
    event_logs.trim(settings)
    assert names(folder) == ["appstatus_a", "events_1_a"]


def test_no_logs_yet(settings):
    event_logs.trim(settings)
