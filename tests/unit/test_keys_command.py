"""`echostream keys`, and the keys that `echostream up` makes: which key it is, never the key."""

import pyarrow as pa
import pytest
from deltalake import write_deltalake
from typer.testing import CliRunner

from cli.main import app
from foundation.errors import KeyFileError, UsageError
from foundation.keys import create_key
from foundation.settings import Settings
from local.stack import _ensure_keys


def run(home, *words):
    return CliRunner().invoke(app, ["--home", str(home), "keys", *map(str, words)])


def test_both_keys_are_shown_and_neither_is_told(tmp_path, monkeypatch):
    monkeypatch.setenv("ECHOSTREAM_PAYLOADS__ENCRYPT", "true")
    keys = [create_key(tmp_path / "keys" / name) for name in ("pseudonym.key", "payload.key")]
    done = run(tmp_path, "show")
    assert done.exit_code == 0
    assert [line.split(",")[0] for line in done.output.splitlines()] == [
        f"pseudonym: {keys[0].key_id}",
        f"payload: {keys[1].key_id}",
    ]
    assert [key for key in keys if key.secret.hex() in done.output] == []


def test_a_key_that_is_needed_and_missing_is_1(tmp_path, monkeypatch):
    create_key(tmp_path / "keys" / "pseudonym.key")
    done = run(tmp_path, "show")
    assert (done.exit_code, done.output.splitlines()[1]) == (0, "payload: none, and payloads.encrypt is off")
    monkeypatch.setenv("ECHOSTREAM_PAYLOADS__ENCRYPT", "true")
    done = run(tmp_path, "show")
    assert done.exit_code == 1
    assert "payload.key is missing" in done.output


def test_a_new_key_is_never_put_over_another(tmp_path):
    file = tmp_path / "made.key"
    done = run(tmp_path, "new", file)
    assert done.output.split(",")[0] == file.with_suffix(".id").read_text().strip()
    before = file.read_text()
    assert before.strip().partition(":")[2] not in done.output
    done = run(tmp_path, "new", file)
    assert isinstance(done.exception, UsageError)
    assert file.read_text() == before


@pytest.mark.parametrize("encrypt", [True, False])
def test_a_new_lake_gets_the_keys_that_it_needs_and_an_old_one_none(tmp_path, encrypt):
    settings = Settings(home=tmp_path, payloads={"encrypt": encrypt})
    assert _ensure_keys(settings)
    assert settings.payload_key_file.exists() == encrypt
    assert not _ensure_keys(settings)
    write_deltalake(str(tmp_path / "lake/gold/hourly"), pa.table({"posts": [1, 2]}))
    settings.key_file.unlink()
    with pytest.raises(KeyFileError, match="every author would count twice"):
        _ensure_keys(settings)
    if encrypt:
        settings.payload_key_file.unlink()
        with pytest.raises(KeyFileError, match=r"payload key .* is missing, but the lake .*echostream keys new"):
            _ensure_keys(settings)
