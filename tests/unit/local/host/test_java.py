import pytest

from foundation.errors import JavaError
from local.host.java import find_java, parse_version

JAVA_17 = 'openjdk version "17.0.15" 2025-04-15\nOpenJDK Runtime Environment (build 17.0.15+6)'


@pytest.mark.parametrize(
    ("answer", "version"),
    [
        pytest.param(JAVA_17, 17, id="17"),
        pytest.param('java version "1.8.0_392"', 8, id="8 calls itself 1.8"),
        pytest.param('openjdk version "21" 2023-09-19', 21, id="no minor"),
        pytest.param('openjdk version "22-ea" 2024-03-19', 22, id="early access"),
        pytest.param("Picked up JAVA_TOOL_OPTIONS: -Xmx1g\n" + JAVA_17, 17, id="a line before"),
        pytest.param("command not found", None, id="no version"),
        pytest.param("", None, id="nothing"),
    ],
)
def test_parse_version(answer, version):
    assert parse_version(answer) == version


def fake_java(home, script: str) -> None:
    program = home / "bin" / "java"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


def test_too_old(tmp_path, monkeypatch):
    fake_java(tmp_path, "echo 'openjdk version \"11.0.2\"' >&2")
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(JavaError, match="is Java 11, at least 17 is needed"):
        find_java()


def test_new_enough(tmp_path, monkeypatch):
    fake_java(tmp_path, "echo 'openjdk version \"21.0.1\"' >&2")
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    assert find_java().version == 21


@pytest.mark.parametrize("script", ["exit 1", "echo hello"])
def test_unusable(tmp_path, monkeypatch, script):
    fake_java(tmp_path, script)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(JavaError):
        find_java()


def test_none(tmp_path, monkeypatch):
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(JavaError, match="Install Java 17"):
        find_java()
