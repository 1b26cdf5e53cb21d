"""Every command tells a second user of the machine which path is closed, and what to do."""

import os
import sys

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from cli import main as cli_main
from foundation.folder_modes import FOLDERS, PRIVATE, closed, protect
from foundation.keys import create_key
from foundation.settings import Settings
from local import doctor
from tests.support.other_user import OWNER_NAME, another_user, folder_of_owner, give

HERE = {"home", "disk", "ports", "keys", "access", "broker"}  # of the doctor, about home and lake
COMMANDS = [
    "enforce-retention --dry-run",
    "run --available-now",
    "compact",
    "rebuild gold",
    "checkpoint show",
    "checkpoint reset bronze_to_silver",
    "up",
    "down",
    "api-keys list",
]


@pytest.fixture
def home():
    """Return a home of another user, with its usual modes."""
    with folder_of_owner() as folder:
        settings = Settings(home=folder)
        for layer in (*FOLDERS, *PRIVATE):
            protect(settings, layer)
        create_key(settings.key_file)
        for name in ("logs", "run", "checkpoints"):
            (folder / name).mkdir(mode=0o700)
        write_deltalake(f"{settings.lake_uri}/gold/hourly", pa.table({"posts": [1, 2]}))
        give(folder)
        yield settings


@pytest.fixture
def echostream(home, monkeypatch, capsys, free_port):
    monkeypatch.setenv("ECHOSTREAM_BROKER__PORT", str(free_port))
    monkeypatch.setenv("ECHOSTREAM_KAFKA__TIMEOUT_S", "0.5")

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["echostream", "--home", str(home.home), *words])
        with another_user(), pytest.raises(SystemExit) as ended:
            cli_main.main()
        said = capsys.readouterr()
        return ended.value.code or 0, said.out, said.err

    return run


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_names_what_is_closed(home, echostream, command):
    code, _, error = echostream(*command.split())
    assert code in (1, 2)
    assert str(home.home) in error
    assert "ermission denied" in error or "may not be" in error
    assert "internal" not in error
    assert error.count("\n") == 1


def test_status_shows_what_may_be_seen(home, echostream):
    code, out, error = echostream("status")
    assert (code, error) == (0, "")
    rows = [line.split() for line in out.splitlines()]
    assert ["bronze_to_silver", "?", "?", "?", "versions"] in rows
    assert f"may not be read, and is not counted: {home.home}/broker, " in out
    assert f"{home.lake_uri}/bronze" in out
    assert f"{home.lake_uri}/gold" not in out
    assert f"run it as {OWNER_NAME}" in out


def test_the_doctor_has_a_row_for_it_and_never_fails_itself(home, echostream, monkeypatch):
    checks = {name: check for name, check in doctor._CHECKS.items() if name in HERE}
    monkeypatch.setattr(doctor, "_CHECKS", checks)
    code, out, error = echostream("doctor")
    assert (code, error) == (1, "")
    (row,) = (line for line in out.splitlines() if line.startswith("BAD home "))
    assert f"may not be read: {home.home}/broker, " in row
    assert f"belongs to {OWNER_NAME}" in row
    assert {line.split()[1] for line in out.splitlines()} >= set(checks)
    assert "internal" not in out


def test_the_doctor_goes_on_after_an_error_of_its_own(tmp_path, monkeypatch):
    def fail(_):
        raise RuntimeError("unforeseen")

    monkeypatch.setattr(doctor, "_CHECKS", {"Java": fail, "home": doctor._CHECKS["home"]})
    java, home, *_ = doctor.examine(Settings(home=tmp_path))
    assert (java.ok, java.text) == (False, "internal: RuntimeError; run with --debug to see where")
    assert (home.ok, home.text) == (True, f"{tmp_path} may be read and written")


def test_of_nested_folders_the_outer_one_is_named(home):
    home.home.chmod(0o700)
    with another_user():
        assert closed(home) == [home.home]
    home.home.chmod(0o755)
    with another_user():
        assert closed(home, os.W_OK) == [home.home]
    assert closed(home, os.W_OK) == []
