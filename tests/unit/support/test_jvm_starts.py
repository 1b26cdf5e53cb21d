"""A program records each start of Java, and tests that start Spark without need fail."""

import os
import shutil
import subprocess

import pytest

from tests.support import jvm_starts

SPARK = ("-cp", "x", "org.apache.spark.launcher.Main", "org.apache.spark.deploy.SparkSubmit", "s")
BROKER = ("-Xmx1g", "kafka.Kafka", "server.properties")


@pytest.fixture(params=["PATH", "JAVA_HOME"])
def java(request, tmp_path, monkeypatch):
    """Return a Java of this test's own behind the program, which ends with 7."""
    program = tmp_path / "own" / "bin" / "java"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\nexit 7\n")
    program.chmod(0o755)
    monkeypatch.setenv("TEST_JVM_STARTS", "")
    if request.param == "PATH":
        monkeypatch.delenv("JAVA_HOME", raising=False)
        monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    else:
        monkeypatch.setenv("PATH", os.environ["PATH"])
        monkeypatch.setenv("JAVA_HOME", str(tmp_path / "own"))
    jvm_starts.note_starts()
    yield
    jvm_starts.forget_starts()


def start(monkeypatch, words, test):
    monkeypatch.setenv("PYTEST_CURRENT_TEST", f"{test} (call)")
    home = os.environ.get("JAVA_HOME")
    program = f"{home}/bin/java" if home else shutil.which("java")
    assert subprocess.run([program, *words], check=False).returncode == 7


@pytest.mark.parametrize(
    ("test", "words", "is_told"),
    [
        ("tests/jobs/test_x.py::test_y[a b]", SPARK, True),
        ("tests/e2e/test_s3.py::test_y", SPARK, False),
        ("tests/faults/test_x.py::test_y", SPARK, False),
        ("tests/jobs/test_x.py::test_y[a b]", BROKER, False),
        ("tests/jobs/test_x.py::test_y[a b]", ("-version",), False),
    ],
)
def test_who_starts_spark_for_nothing_is_told(java, monkeypatch, test, words, is_told):
    start(monkeypatch, words, test)
    assert jvm_starts.started_spark_for_nothing(test) is is_told
    assert not jvm_starts.started_spark_for_nothing("tests/jobs/test_x.py::test_other")


def test_the_shared_session_is_nobodys(java, monkeypatch):
    with monkeypatch.context() as patch:
        for name, value in jvm_starts.shared_session().items():
            patch.setenv(name, value)
        start(monkeypatch, SPARK, "tests/jobs/test_x.py::test_y")
    assert not jvm_starts.started_spark_for_nothing("tests/jobs/test_x.py::test_y")
    assert list(jvm_starts.summary()) == ["Spark: 1 JVMs started (the shared session 1)"]
