"""The one-shot services of docker-compose.yml work without containers."""

import configparser
import stat

from foundation.keys import create_key
from foundation.settings import Settings
from local.compose_setup import make_secrets, publish_key_id


def properties(file):
    return dict(line.split("=", 1) for line in file.read_text().splitlines())


def folders(tmp_path):
    for name in ("s3", "grafana"):
        (tmp_path / name).mkdir()
    return tmp_path / "s3", tmp_path / "grafana"


def test_server_and_clients_get_the_same_credentials_for_their_owner_alone(tmp_path):
    s3, grafana = folders(tmp_path)
    assert {file.name for file in make_secrets(s3, grafana)} == {
        "credentials",
        "s3proxy.conf",
        "password",
    }
    server = properties(s3 / "s3proxy.conf")
    clients = configparser.ConfigParser()
    clients.read(s3 / "credentials")
    assert server["s3proxy.identity"] == clients["default"]["aws_access_key_id"]
    assert server["s3proxy.credential"] == clients["default"]["aws_secret_access_key"]
    assert min(map(len, (server["s3proxy.credential"], (grafana / "password").read_text()))) >= 32
    assert {stat.S_IMODE(file.stat().st_mode) for file in s3.iterdir()} == {0o400}


def test_a_second_run_changes_nothing_and_a_killed_one_is_repaired(tmp_path):
    s3, grafana = folders(tmp_path)
    make_secrets(s3, grafana)
    before = {file: file.read_bytes() for file in (*s3.iterdir(), *grafana.iterdir())}
    assert make_secrets(s3, grafana) == []
    assert {file: file.read_bytes() for file in before} == before
    (s3 / "s3proxy.conf").unlink()
    (s3 / "s3proxy.new").touch()
    assert {file.name for file in make_secrets(s3, grafana)} == {"credentials", "s3proxy.conf"}
    assert before[s3 / "credentials"].split()[-1] not in (s3 / "s3proxy.conf").read_bytes()


def test_two_homes_differ(tmp_path):
    made = []
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        s3, grafana = folders(tmp_path / name)
        make_secrets(s3, grafana)
        made.append(properties(s3 / "s3proxy.conf")["s3proxy.credential"])
    assert made[0] != made[1]


def test_the_jobs_get_the_fingerprint_without_the_key(tmp_path):
    key = create_key(tmp_path / "keys" / "pseudonym.key")
    home = tmp_path / "home"
    settings = Settings(home=home, keys={"file": tmp_path / "keys" / "pseudonym.key"})
    for _ in range(2):
        assert publish_key_id(settings).read_text().strip() == key.key_id
    jobs = Settings(home=home)
    assert jobs.key_id_file.read_text().strip() == key.key_id
    assert not jobs.key_file.exists()
