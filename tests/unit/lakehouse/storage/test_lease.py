"""A lake has one writer at a time, whatever happens to it."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from threading import Event, Thread, Timer
from types import SimpleNamespace

import pytest

from foundation import clock
from foundation.errors import LakeInUseError
from foundation.settings import Settings
from lakehouse.storage import lease
from lakehouse.storage.lease import hold_lake
from lakehouse.storage.s3_lease import http_date
from tests.support.clock import BASE

HOLDER = """
import sys, time
from foundation.settings import Settings
from lakehouse.storage.lease import hold_lake
with hold_lake(Settings(home=sys.argv[1])) as lease:
    if len(sys.argv) > 2:
        lease.name_jvm(int(sys.argv[2]))
    print("held", flush=True)
    time.sleep(60)
"""


@contextmanager
def another_holder(settings, *jvm):
    """Start a process that holds the lake."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(settings.home), *map(str, jvm)],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout.readline() == "held\n"
            yield process
        finally:
            process.kill()


@contextmanager
def a_java():
    """Start a process that looks like a JVM and ends when its standard input closes."""
    program = "import sys; sys.stdin.read()"
    with subprocess.Popen(
        ["java", "-c", program], executable=sys.executable, stdin=subprocess.PIPE
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.fixture
def settings(tmp_path):
    return Settings(home=tmp_path)


@pytest.fixture
def lock(settings):
    return settings.home / "lake" / "_writer.lock"


def test_a_second_holder_is_refused_by_the_first_one_s_name(settings):
    with another_holder(settings) as first:
        with pytest.raises(
            LakeInUseError, match=f"process {first.pid} already writes the lake {settings.lake_uri}"
        ):
            hold_lake(settings).__enter__()
        first.kill()
        first.wait()
        with hold_lake(settings):
            pass


def test_who_waits_is_told_once_and_holds_it_when_the_first_one_ends(settings):
    told = []
    waits = Event()
    holds = Event()

    def wait() -> None:
        def on_wait(error):
            told.append(error.what)
            waits.set()

        with hold_lake(settings, wait_s=60, on_wait=on_wait):
            holds.set()

    second = Thread(target=wait)
    with another_holder(settings) as first:
        second.start()
        assert waits.wait(30)
        assert not holds.is_set()
        first.kill()
        first.wait()
        assert holds.wait(30)
    second.join(30)
    assert told == [f"process {first.pid} already writes the lake {settings.lake_uri}"]


def test_a_wait_that_is_over_is_refused_as_without(settings, monkeypatch):
    moments = iter([0.0, 9.0, 10.0])
    pauses = []
    # Do not patch `time` itself, because other threads of the process, such as Spark's, sleep too.
    clock = SimpleNamespace(monotonic=lambda: next(moments), sleep=pauses.append)
    monkeypatch.setattr(lease, "time", clock)
    with another_holder(settings), pytest.raises(LakeInUseError, match="already writes"):
        hold_lake(settings, wait_s=9.25).__enter__()
    assert pauses == [0.25]


def test_another_home_with_the_same_lake_is_refused_too(settings, tmp_path):
    other = Settings(home=tmp_path / "other", lake=settings.lake_uri)
    with another_holder(settings), pytest.raises(LakeInUseError), hold_lake(other):
        pytest.fail("two writers")


def test_another_lake_is_free(settings, tmp_path):
    with another_holder(settings), hold_lake(Settings(home=tmp_path / "other")):
        pass


def test_it_is_given_back_at_the_end(settings, lock):
    for _ in range(2):
        with hold_lake(settings):
            assert json.loads(lock.read_text(encoding="utf-8")) == {"pid": os.getpid()}
        assert json.loads(lock.read_text(encoding="utf-8")) == {}


def test_it_is_given_back_after_a_failure(settings):
    with pytest.raises(RuntimeError), hold_lake(settings):
        raise RuntimeError
    with hold_lake(settings):
        pass


def test_after_kill_9_it_waits_for_the_jvm(settings):
    """The JVM may still write, so nobody else may be let in."""
    with a_java() as jvm, another_holder(settings, jvm.pid) as first:
        os.kill(first.pid, signal.SIGKILL)
        first.wait()
        begun = time.monotonic()
        Timer(0.5, jvm.stdin.close).start()
        with hold_lake(settings):
            assert time.monotonic() - begun >= 0.5


def test_a_jvm_that_does_not_end_is_named(settings, monkeypatch):
    monkeypatch.setattr(lease, "_JVM_ENDS_WITHIN_S", 0.3)
    with a_java() as jvm, another_holder(settings, jvm.pid) as first:
        first.kill()
        first.wait()
        with pytest.raises(LakeInUseError, match=f"process {jvm.pid}, left by a run") as error:
            hold_lake(settings).__enter__()
        assert error.value.remedy == f"kill {jvm.pid}"


def test_a_process_that_has_the_jvm_s_number_by_chance_is_not_waited_for(settings):
    with another_holder(settings, os.getpid()) as first:
        first.kill()
        first.wait()
        with hold_lake(settings):
            pass


@pytest.mark.parametrize("content", ["", "{", '{"pid":1'])
def test_a_torn_lock_file_is_no_holder(settings, lock, content):
    lock.parent.mkdir(parents=True)
    lock.write_text(content, encoding="utf-8")
    with hold_lake(settings):
        assert json.loads(lock.read_text(encoding="utf-8")) == {"pid": os.getpid()}


@pytest.mark.parametrize("zone", ["GMT", "-0000", "+0000", ""])
def test_the_store_s_clock_is_utc_whatever_its_zone_is_called(zone):
    assert http_date(f"Fri, 15 Jan 2027 08:00:00 {zone}") == datetime(2027, 1, 15, 8, tzinfo=UTC)


@pytest.mark.parametrize("said", ["", "today", "Fri, 99 Jan 2027 08:00:00 GMT"])
def test_a_store_that_shows_no_clock_is_measured_by_ours(said, monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: BASE)
    assert http_date(said) == BASE
