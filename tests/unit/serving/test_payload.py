"""`echostream payload` shows a payload as received, if the key can be read."""

import pyarrow as pa
import pytest
from deltalake import write_deltalake
from typer.testing import CliRunner

from cli.main import app
from foundation.errors import KeyFileError, QueryError
from foundation.keys import create_key
from foundation.settings import Settings
from serving.payload import received
from transforms.payloads import At, encrypt

TOPIC = "social.reddit.posts.v1"
PLAIN, ENCRYPTED, EMPTY, MOVED = (At(TOPIC, 0, offset) for offset in range(4))


@pytest.fixture
def settings(tmp_path):
    settings = Settings(home=tmp_path)
    key = create_key(settings.payload_key_file)
    values = [b"{}", encrypt(b'{"a": 1}', key, ENCRYPTED), None, encrypt(b"{}", key, ENCRYPTED)]
    rows = {
        "topic": [TOPIC] * 4,
        "partition": pa.array([0] * 4, pa.int32()),
        "offset": list(range(4)),
        "value": values,
    }
    write_deltalake(f"{settings.lake_uri}/bronze/posts", pa.table(rows))
    return settings


def test_a_payload_as_it_was_received(settings):
    assert [received(settings, at) for at in (PLAIN, ENCRYPTED, EMPTY)] == [
        b"{}",
        b'{"a": 1}',
        None,
    ]


def test_the_command_writes_bytes(settings):
    done = CliRunner().invoke(app, ["--home", str(settings.home), "payload", TOPIC, "0", "1"])
    assert (done.exit_code, done.stdout_bytes) == (0, b'{"a": 1}\n')


def test_one_that_was_moved(settings):
    with pytest.raises(QueryError, match="payload_damaged"):
        received(settings, MOVED)


def test_one_that_is_not_there(settings, tmp_path):
    with pytest.raises(QueryError, match=rf"no record {TOPIC}/0/9"):
        received(settings, At(TOPIC, 0, 9))
    with pytest.raises(QueryError, match=r"no bronze\.posts yet"):
        received(Settings(home=tmp_path / "none"), PLAIN)


def test_without_the_key_only_what_is_not_sealed(settings, tmp_path):
    other = settings.model_copy(
        update={
            "payloads": settings.payloads.model_copy(
                update={"key": settings.keys.model_copy(update={"file": tmp_path / "none"})}
            )
        }
    )
    assert received(other, PLAIN) == b"{}"
    with pytest.raises(KeyFileError, match="is missing"):
        received(other, ENCRYPTED)
