"""The server starts or says why not, ends in order, and survives the loss of its database."""

import json
import os
import socket
import subprocess
import sys
from contextlib import contextmanager

import pytest

from foundation.settings import Settings
from schemas.epoch import to_datetime
from tenancy.api_keys import list_keys
from tenancy.database import Database
from tenancy.usage import usage_of
from tests.support.api import serving
from tests.support.clock import machine_micros
from tests.support.commands import wait_until
from tests.support.postgres import new_postgres

TEXT = {"text": "a fine day"}
BODY = json.dumps(TEXT).encode()


def test_it_ends_in_order_with_what_it_has_counted(tmp_path):
    begun = machine_micros()
    with serving(tmp_path) as api:
        bearer = api.bearer("sentiment:write")
        for _ in range(3):
            assert api.post("/v1/sentiment", TEXT, bearer).status == 200
        with half_sent(api) as running:
            api.process.terminate()
            wait_until(lambda: not is_listening(api), within_s=60, what="end of listening")
            running.sendall(BODY[-1:])
            assert running.recv(65_536).startswith(b"HTTP/1.1 200")
        assert api.process.wait(60) == 0
    database = Database(Settings(home=tmp_path).control_database)
    days = {to_datetime(micros).date() for micros in (begun, machine_micros())}
    assert sum(usage_of(database, "default", day).get("texts", 0) for day in days) == 4
    assert list_keys(database, "default")[0].last_used_at
    database.close()


def test_a_request_that_does_not_end_holds_it_up_no_longer_than_its_limit(tmp_path):
    options = {"stop_timeout_s": 1, "body_timeout_s": 300}
    with serving(tmp_path, **options) as api, half_sent(api):
        assert api.stop(within_s=60) == 0


@pytest.mark.parametrize(
    ("variables", "code", "named"),
    [
        ({"ECHOSTREAM_SCORER__NAME": "canary"}, 2, "scorer.name"),
        ({"ECHOSTREAM_API__DATABASE": "mysql://a:canary@b/c"}, 2, "api.database"),
        ({"ECHOSTREAM_API__HOST": "no.such.host.invalid"}, 2, "api.host"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path, free_port, variables, code, named):
    ended = subprocess.run(
        [sys.executable, "-m", "cli.main", "--home", tmp_path, "serve"],
        env=os.environ | {"ECHOSTREAM_API__PORT": str(free_port)} | variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )

    assert ended.returncode == code
    assert named in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_port_that_is_taken_is_named(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = subprocess.run(
            [sys.executable, "-m", "cli.main", "--home", tmp_path, "serve"],
            env=os.environ | {"ECHOSTREAM_API__PORT": str(port)},
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
    assert ended.returncode == 1
    assert f"port {port}" in ended.stderr


def test_without_its_database_sentiment_goes_on(tmp_path):
    with new_postgres() as server, serving(tmp_path, database=server.address()) as api:
        bearer = {"Authorization": f"Bearer {make_key(api)}"}
        assert api.post("/v1/sentiment", TEXT, bearer).status == 200
        unknown = {"Authorization": f"Bearer {make_key(api)}"}
        server.stop()
        try:
            assert api.post("/v1/sentiment", TEXT).status == 200
            assert api.post("/v1/sentiment", TEXT, bearer).status == 200  # known for a minute
            assert api.get("/readyz").status == 200
            for answer in (api.get("/v1/keys"), api.post("/v1/sentiment", TEXT, unknown)):
                assert (answer.status, answer.json()["code"]) == (503, "control_plane_unavailable")
                assert int(answer.headers["retry-after"]) >= 1
        finally:
            server.start()
        assert api.post("/v1/sentiment", TEXT, unknown).status == 200
        assert api.stop() == 0


@contextmanager
def half_sent(api):
    """Open a connection whose request runs, because its body lacks a byte."""
    head = (
        f"POST /v1/sentiment HTTP/1.1\r\nHost: localhost:{api.port}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(BODY)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", api.port), timeout=60) as running:
        running.sendall(head.encode() + BODY[:-1])
        wait_until(
            lambda: b"echostream_api_in_flight 2.0" in api.get("/metrics").body,
            within_s=60,
            what="request that runs",
        )
        yield running


def is_listening(api):
    try:
        socket.create_connection(("127.0.0.1", api.port)).close()
    except ConnectionError:
        return False
    return True


def make_key(api):
    return api.post("/v1/keys", {"name": "t", "scopes": ["sentiment:write"]}).json()["key"]
