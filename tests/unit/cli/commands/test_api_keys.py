"""`echostream api-keys` shows a key once, and lists which keys are valid."""

from datetime import timedelta

from typer.testing import CliRunner

from cli.main import app
from foundation import clock
from tests.support.clock import BASE


def run(home, *words):
    return CliRunner().invoke(app, ["--home", str(home), "api-keys", *words])


def test_a_key_is_shown_once_listed_and_revoked(tmp_path):
    empty = run(tmp_path, "list")
    assert (empty.stdout, empty.stderr) == ("", "none; `echostream api-keys create` makes one\n")
    made = run(tmp_path, "create", "--name", "nightly", "--scope", "mentions:read")
    key = made.stdout.partition("key     ")[2].split()[0]
    listed = run(tmp_path, "list").stdout
    prefix = key.split("_")[1]
    assert f"es_{prefix}_…  valid  used never  mentions:read  nightly" in listed
    assert key not in listed
    assert run(tmp_path, "revoke", prefix).stdout == "revoked\n"
    assert "revoked 20" in run(tmp_path, "list").stdout


def test_a_key_whose_time_is_over_is_listed_as_expired(tmp_path, monkeypatch):
    words = ("--name", "brief", "--scope", "mentions:read", "--expires-days", "1")
    monkeypatch.setattr(clock, "now", lambda: BASE)
    assert run(tmp_path, "create", *words).exit_code == 0
    assert "  until " in run(tmp_path, "list").stdout
    monkeypatch.setattr(clock, "now", lambda: BASE + timedelta(days=2))
    assert "  expired " in run(tmp_path, "list").stdout
