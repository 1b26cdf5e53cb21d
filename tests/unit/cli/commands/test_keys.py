"""`echostream keys` and `echostream up` say which key there is, and never show the key."""

import pyarrow as pa
import pytest
from deltalake import write_deltalake
from typer.testing import CliRunner

from batch.rotate_keys import begin, end
from cli.main import app
from foundation.errors import KeyFileError, KeyMismatchError, UsageError
from foundation.key_sources import SecretsManagerKey
from foundation.keys import create_key, load_key, read_keys
from foundation.settings import Settings
from lakehouse.delta.log import TableLog
from local.stack import ensure_keys
from schemas.stored_names import KEY_PROPERTY


def run(home, *words):
    return CliRunner().invoke(app, ["--home", str(home), "keys", *map(str, words)])


def test_the_keys_are_shown_and_none_is_told(tmp_path, monkeypatch):
    monkeypatch.setenv("ECHOSTREAM_PAYLOADS__ENCRYPT", "true")
    keys = [
        create_key(tmp_path / "keys" / name)
        for name in ("pseudonym.key", "payload.key", "receipt.key")
    ]
    done = run(tmp_path, "show")
    assert done.exit_code == 0
    assert [line.split(",")[0] for line in done.output.splitlines()] == [
        f"pseudonym: {keys[0].key_id}",
        f"payload: {keys[1].key_id}",
        f"receipt: {keys[2].key_id}",
    ]
    assert [key for key in keys if key.secret.hex() in done.output] == []


def test_a_key_that_is_needed_and_missing_is_1(tmp_path, monkeypatch):
    create_key(tmp_path / "keys" / "pseudonym.key")
    done = run(tmp_path, "show")
    assert (done.exit_code, done.output.splitlines()[1]) == (
        0,
        "payload: none, and payloads.encrypt is off",
    )
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
    assert ensure_keys(settings)
    assert settings.payload_key_file.exists() == encrypt
    assert not ensure_keys(settings)
    write_deltalake(str(tmp_path / "lake/gold/hourly"), pa.table({"posts": [1, 2]}))
    settings.key_file.unlink()
    with pytest.raises(KeyFileError, match="every author would count twice"):
        ensure_keys(settings)
    if encrypt:
        settings.payload_key_file.unlink()
        with pytest.raises(
            KeyFileError, match=r"payload key .* is missing, but the lake .*echostream keys new"
        ):
            ensure_keys(settings)


def test_the_next_version_of_a_key_goes_behind_it(tmp_path):
    file = tmp_path / "made.key"
    first = create_key(file)
    done = run(tmp_path, "next", file)
    assert done.output.startswith("v2-")
    assert load_key(file) == first, "it is not in use yet"
    assert [line.split(":")[0] for line in file.read_text().splitlines()] == ["v1", "v2"]
    assert not any(line.split(":")[1] in done.output for line in file.read_text().splitlines())


def test_a_rotation_that_was_begun_is_gone_on_with(tmp_path):
    settings = Settings(home=tmp_path)
    first = create_key(settings.key_file)
    rotation = begin(settings)
    assert (rotation.former, rotation.key_id[:3]) == (first.key_id, "v2-")
    assert begin(settings) == rotation
    end(settings, rotation)
    assert load_key(settings.key_file).key_id == rotation.key_id
    assert begin(settings).key_id[:3] == "v3-"


def test_a_lake_under_a_key_that_is_not_there_is_not_rotated(tmp_path, monkeypatch):
    settings = Settings(home=tmp_path)
    key = create_key(settings.key_file)
    monkeypatch.setattr(TableLog, "properties", lambda _: {KEY_PROPERTY: "v1-0123456789ab"})
    with pytest.raises(KeyMismatchError, match=r"silver\.posts is under key v1-0123456789ab"):
        begin(settings)
    assert [each.key_id for each in read_keys(settings.key_file, "key")] == [key.key_id], (
        "no key was added"
    )


def test_at_aws_a_person_puts_the_next_version_there(tmp_path, monkeypatch):
    key = create_key(tmp_path / "made.key")
    settings = Settings(
        home=tmp_path, keys={"source": "secretsmanager", "secret": "k", "id": key.key_id}
    )
    monkeypatch.setattr(SecretsManagerKey, "newest", lambda _: key)
    with pytest.raises(
        KeyFileError, match=r"AWS Secrets Manager, k has no next version yet.*docs/operate/keys\.md"
    ):
        begin(settings)
