"""A home becomes absolute, or is refused with the reason."""

from pathlib import Path

import pytest

from foundation.errors import SettingsError
from foundation.local_folders import local_home
from foundation.settings import load_settings
from tests.support.odd_folders import ODD


@pytest.mark.parametrize("name", ODD.values(), ids=ODD)
def test_any_letters_are_kept(tmp_path, name):
    assert local_home(tmp_path / name) == tmp_path / name


@pytest.mark.parametrize(
    ("named", "expected"),
    [
        (".", ""),
        ("var", "var"),
        ("my home/", "my home"),
        ("a/../b", "b"),
        ("link/../b", "real/b"),
        ("~", "me"),
        ("~/home", "me/home"),
    ],
)
def test_a_home_is_made_absolute_where_the_command_starts(tmp_path, monkeypatch, named, expected):
    (tmp_path / "real" / "deep").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "real" / "deep")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "me"))
    monkeypatch.setenv("ECHOSTREAM_HOME", named)
    assert load_settings().home == tmp_path / expected


@pytest.mark.parametrize(
    ("named", "says"),
    [
        ("", "it is empty"),
        (" ", "it is empty"),
        ("a,b", "a comma"),
        ("/a/${USER}/b", "variable"),
        ("a\\b", "a backslash"),
        *((f"a{sign}b", "deltalake cannot write") for sign in "[]^|"),
        ("my%20home", "an encoded letter"),
        ("a\nb", "control characters"),
        ("a\x7f", "control characters"),
        ("\udcff", "not UTF-8"),
        ("s3a://bucket/home", "an address"),
        ("~nobody-of-this-name/home", "nobody has a folder"),
    ],
)
def test_a_home_that_would_lead_elsewhere_is_refused(monkeypatch, named, says):
    monkeypatch.setenv("ECHOSTREAM_HOME", named)
    with pytest.raises(SettingsError, match=rf"setting home: .*{says}.*[Nn]ame .*folder|in full"):
        load_settings()
    monkeypatch.delenv("ECHOSTREAM_HOME")
    with pytest.raises(SettingsError, match="setting home: "):
        load_settings(home=named)


def test_a_lake_on_disk_is_absolute_too(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/me")
    for named, expected in (
        ("", ""),
        ("lake", f"{tmp_path}/lake"),
        ("~/lake", "/home/me/lake"),
        ("s3a://bucket/lake", "s3a://bucket/lake"),
    ):
        assert load_settings(lake=named).lake == expected
    with pytest.raises(SettingsError, match="setting lake: it is an address"):
        load_settings(lake="file:///lake")


def test_the_default_lies_below_the_working_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert load_settings().home == Path(tmp_path, "var")
