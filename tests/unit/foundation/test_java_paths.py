"""Paths are unchanged after Java's properties files and Spark's options."""

import codecs
import shlex
from pathlib import Path

import pytest

from foundation.java_paths import environment, in_options, in_properties, survives_options
from tests.support.odd_folders import ODD


def as_java_reads(value: str) -> str:
    """Return a value as java.util.Properties reads it: ISO 8859-1 with escapes."""
    units = codecs.decode(value.encode("latin-1"), "unicode_escape")
    return units.encode("utf-16", "surrogatepass").decode("utf-16")


@pytest.mark.parametrize("name", [*ODD.values(), "back\\slash"])
def test_a_path_comes_back_from_a_file_of_properties(name):
    written = in_properties(Path("/a", name))
    assert written.isascii()
    assert as_java_reads(written) == f"/a/{name}"


@pytest.mark.parametrize("name", [*ODD.values(), "back\\slash"])
def test_a_path_comes_back_from_options(name):
    """Spark splits options as a shell does."""
    options = f"{in_options('-Da=b')} {in_options(f'-Dc=/a/{name}')} -Xd"
    assert shlex.split(options) == ["-Da=b", f"-Dc=/a/{name}", "-Xd"]


def test_spark_damages_letters_beyond_16_bits():
    assert survives_options(Path("/a/私の家 дом"))
    assert not survives_options(Path("/a/\U0001f3e0"))


@pytest.mark.parametrize(
    ("variables", "name", "expected"),
    [
        pytest.param({"LANG": "C.UTF-8"}, "hüme", {}, id="UTF-8"),
        pytest.param({"LANG": "de_DE.utf8"}, "hüme", {}, id="UTF-8 of a country"),
        pytest.param({}, "hüme", {"LC_ALL": "C.UTF-8"}, id="no locale"),
        pytest.param(
            {"LC_ALL": "C", "LANG": "C.UTF-8"}, "hüme", {"LC_ALL": "C.UTF-8"}, id="the first wins"
        ),
        pytest.param({"LC_ALL": "", "LC_CTYPE": "C.UTF-8"}, "hüme", {}, id="an empty one is none"),
        pytest.param({"LANG": "de_DE"}, "home", {}, id="ASCII needs nothing"),
    ],
)
def test_java_reaches_other_letters_in_any_locale(monkeypatch, variables, name, expected):
    for variable in ("LC_ALL", "LC_CTYPE", "LANG"):
        monkeypatch.delenv(variable, raising=False)
    for variable, value in variables.items():
        monkeypatch.setenv(variable, value)
    assert environment(Path("/a", name)) == expected
