"""The profile `web` gets what it needs before it starts, here without containers."""

import ssl
import stat
from datetime import timedelta

import pytest

from foundation import clock
from foundation.errors import SettingsError
from foundation.settings import Settings
from local.compose_web import make_web_secrets
from tenancy.api_keys import Scope, find_key, revoke_key
from tenancy.database import Database
from tests.support.clock import BASE

FOLDERS = ("tls", "sign-in", "dashboard")


@pytest.fixture
def database(tmp_path):
    opened = Database(Settings(home=tmp_path / "home").control_database)
    yield opened
    opened.close()


@pytest.fixture
def run(tmp_path):
    for name in FOLDERS:
        (tmp_path / name).mkdir()
    return tmp_path


def made(host, database, run):
    return {file.name for file in make_web_secrets(host, database, run)}


def test_certificate_sign_in_and_key_are_made_once_for_their_owner_alone(database, run):
    assert made("localhost:8443", database, run) == {"tls.crt", "tls.key", "users", "api.key"}
    assert made("localhost:8443", database, run) == set()
    files = [file for name in FOLDERS for file in (run / name).iterdir()]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o400}
    user, _, word = (run / "sign-in/users").read_text().strip().partition(":")
    assert user == "echostream"
    assert len(word.removeprefix("{PLAIN}")) >= 32
    record = find_key(database, (run / "dashboard/api.key").read_text().strip())
    assert record.scopes == (Scope.MENTIONS_READ,)


@pytest.mark.parametrize(
    ("host", "kind", "name"),
    [
        ("localhost:8443", "DNS", "localhost"),
        ("posts.example.org", "DNS", "posts.example.org"),
        ("192.0.2.7:8443", "IP Address", "192.0.2.7"),
        ("[2001:db8::7]:8443", "IP Address", "2001:DB8:0:0:0:0:0:7"),
    ],
)
def test_the_certificate_is_for_the_name_and_trusts_no_other(host, kind, name, database, run):
    make_web_secrets(host, database, run)
    context = ssl.create_default_context(cafile=run / "tls/tls.crt")
    context.load_cert_chain(run / "tls/tls.crt", run / "tls/tls.key")
    decoded = ssl._ssl._test_decode_cert(str(run / "tls/tls.crt"))
    assert decoded["subjectAltName"] == ((kind, name),)
    assert context.cert_store_stats()["x509_ca"] == 0


def test_a_certificate_is_made_anew_before_it_ends_and_for_another_name(database, run, monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: BASE)
    make_web_secrets("localhost:8443", database, run)
    assert made("other.example", database, run) == {"tls.crt", "tls.key"}
    monkeypatch.setattr(clock, "now", lambda: BASE + timedelta(days=370))
    assert made("other.example", database, run) == {"tls.crt", "tls.key"}
    assert made("other.example", database, run) == set()


def test_a_key_that_the_api_no_longer_takes_is_replaced(database, run):
    make_web_secrets("localhost:8443", database, run)
    file = run / "dashboard/api.key"
    old = file.read_text().strip()
    revoke_key(database, "default", find_key(database, old).key_id)
    assert made("localhost:8443", database, run) == {"api.key"}
    assert file.read_text().strip() != old


@pytest.mark.parametrize("host", ["", ":8443", "["])
def test_a_host_without_a_name_is_refused(host, database, run):
    with pytest.raises(SettingsError, match="WEB_HOST"):
        make_web_secrets(host, database, run)
