import shutil
from collections import namedtuple

import pytest

from foundation.errors import DiskFullError
from foundation.settings import Settings
from local import doctor, stack

Usage = namedtuple("Usage", "total used free")


def test_too_little_disk(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**10, 10**10, 5 * 10**6))
    with pytest.raises(DiskFullError, match=r"5 MB are free at .*ECHOSTREAM_HOME"):
        stack.up(Settings(home=tmp_path))


def test_a_home_that_cannot_be_made(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(DiskFullError, match="cannot be written"):
        stack.up(Settings(home=tmp_path / "file" / "home"))


def test_down_where_nothing_runs(tmp_path):
    assert stack.down(Settings(home=tmp_path)) is False


def test_status_without_a_broker(tmp_path, free_port):
    settings = Settings(home=tmp_path, broker={"port": free_port}, kafka={"timeout_s": 0.5})
    found = stack.status(settings)
    assert (found.broker_pid, found.broker_answers, found.topics) == (None, False, [])
    assert [lag.what for lag in found.queries] == ["bronze_to_silver", "silver_to_gold"]


def test_the_doctor_goes_on_after_a_bad_finding(tmp_path, monkeypatch):
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    findings = {
        finding.name: finding for finding in doctor.examine(Settings(home=tmp_path / "home"))
    }
    assert not findings["Java"].ok
    assert "Install Java 17" in findings["Java"].text
    assert findings["Python"].ok
    assert findings["disk"].ok
    assert findings["packages"].ok
    assert "makes them" in findings["keys"].text
