"""`echostream dashboard` refuses to start with a reason, and never quotes a key."""

import socket

import pytest
from typer.testing import CliRunner

from cli.main import app
from foundation.errors import (
    ApiUnreachableError,
    EchoStreamError,
    KeyFileError,
    PortInUseError,
)
from local.host.ports import free_ports
from tests.unit.dashboard.test_api import Lake, served

KEY = "es_abcdefgh_topsecretsecret"


def refusal(home, *words):
    """Return the error that ends the command before it serves anything."""
    done = CliRunner().invoke(app, ["--home", str(home), "dashboard", *map(str, words)])
    assert isinstance(done.exception, EchoStreamError), done.output
    assert KEY not in done.output + str(done.exception)
    return done.exception


@pytest.fixture
def key_file(tmp_path):
    file = tmp_path / "key"
    file.write_text(f"{KEY}\n")
    file.chmod(0o600)
    return file


def test_no_api(tmp_path):
    met = refusal(tmp_path, "--api-url", f"http://127.0.0.1:{free_ports(1)[0]}")
    assert isinstance(met, ApiUnreachableError)
    assert "no API answers at" in str(met)
    assert "Start it with `echostream serve`" in str(met)


def test_another_program_where_the_api_should_be(tmp_path):
    lake = Lake()
    lake.status = 404
    with served(lake) as url:
        met = refusal(tmp_path, "--api-url", url)
    assert isinstance(met, ApiUnreachableError)
    assert "is not this program's API" in str(met)


def test_a_port_that_is_taken(tmp_path):
    with served(Lake()) as url, socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        met = refusal(tmp_path, "--api-url", url, "--port", port)
    assert isinstance(met, PortInUseError)
    assert f"port {port} is in use" in str(met)
    assert "ECHOSTREAM_DASHBOARD__PORT" in str(met)


@pytest.mark.parametrize(
    ("written", "mode", "says"),
    [
        pytest.param(KEY, 0o644, "others may read", id="others may read it"),
        pytest.param("", 0o600, "holds no API key", id="empty"),
        pytest.param("two words", 0o600, "holds no API key", id="no key"),
        pytest.param(None, 0, "cannot be read", id="missing"),
    ],
)
def test_a_key_file_that_is_no_use(tmp_path, written, mode, says):
    file = tmp_path / "key"
    if written is not None:
        file.write_text(written)
        file.chmod(mode)
    met = refusal(tmp_path, "--api-key-file", file)
    assert isinstance(met, KeyFileError)
    assert says in str(met)


def test_an_api_that_refuses_the_key_is_told_before_any_page(tmp_path, key_file):
    with served(OnlyHealth()) as url:
        met = refusal(tmp_path, "--api-url", url, "--api-key-file", key_file)
    assert isinstance(met, KeyFileError)
    assert "refuses this key" in str(met)
    assert "echostream api-keys create" in str(met)


class OnlyHealth(Lake):
    """Answers its first question, and no other."""

    @property
    def status(self) -> int:
        return 200 if len(self.asked) == 1 else 401

    @status.setter
    def status(self, value: int) -> None:
        pass
