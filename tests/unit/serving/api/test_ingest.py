"""`POST /v1/ingest` works without a broker; see also tests/e2e/test_ingest_http.py."""

import os
import signal
import socket

import psutil
import pytest

from foundation.keys import create_key
from foundation.settings import Settings
from schemas.ingest_limits import MAX_BODY_BYTES
from tests.support.api import serving
from tests.support.commands import wait_until

ITEM = {"id": "canary-id", "time": "2025-12-31T10:00:00Z", "text": "It works.", "author": "kim"}
WAIT_S = 240
NOBODY = 1  # no process listens on this port
# Python imports it at its start. Each process writes its command and the files it opens to a file.
AUDIT = r"""
import os
import sys

_FOLDER = os.environ["AUDITED"]
_out = os.open(f"{_FOLDER}/{os.getpid()}", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
os.write(_out, (" ".join(sys.orig_argv) + "\n").encode())


def _note(event, arguments):
    if event == "open" and isinstance(arguments[0], str | bytes | os.PathLike):
        os.write(_out, os.fsencode(arguments[0]) + b"\n")


sys.addaudithook(_note)
"""


def asked(*items, platform="custom"):
    return {"platform": platform, "items": [*items] or [ITEM]}


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    made = tmp_path_factory.mktemp("api")
    create_key(Settings(home=made).key_file)
    return made


@pytest.fixture(scope="module")
def audited(tmp_path_factory):
    return tmp_path_factory.mktemp("audited")


@pytest.fixture(scope="module")
def api(home, audited, tmp_path_factory):
    """Run a server without Kafka whose processes record each file that they open."""
    with pytest.MonkeyPatch.context() as patch:
        hook = tmp_path_factory.mktemp("hook")
        (hook / "sitecustomize.py").write_text(AUDIT)
        patch.setenv("PYTHONPATH", f"{hook}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
        patch.setenv("AUDITED", str(audited))
        options = {"broker__port": NOBODY, "kafka__timeout_s": 0.2}
        with serving(home, **options) as running:
            wait_for_receiver(running)
            yield running


def wait_for_receiver(api):
    wait_until(
        lambda: api.post("/v1/ingest", asked(5)).status == 202, within_s=WAIT_S, what="receiver"
    )


def child(api, name):
    (found,) = (
        each
        for each in psutil.Process(api.process.pid).children(recursive=True)
        if name in each.cmdline()
    )
    return found


def test_what_is_refused_is_told_by_its_place_and_nothing_is_quoted(api):
    answer = api.post("/v1/ingest", asked(5, {"id": "canary-id", "text": "canary"}))
    assert answer.status == 202
    assert answer.json() == {
        "sent": 0,
        "deleted": 0,
        "ignored": 0,
        "rejected": [
            {"index": 0, "reason": "unmappable: id"},
            {"index": 1, "reason": "unmappable: time"},
        ],
    }


def test_kafka_away_is_503_for_all_of_it_and_says_when_to_come_again(api):
    answer = api.post("/v1/ingest", asked(ITEM, 5))
    assert (answer.status, answer.json()["code"]) == (503, "kafka_unavailable")
    assert answer.headers["retry-after"] == "5"
    assert "canary" not in api.all_logs() + answer.body.decode()


def test_a_failed_request_s_key_may_be_used_again(api):
    key = {"Idempotency-Key": "one"}
    assert [api.post("/v1/ingest", asked(), key).status for _ in range(2)] == [503, 503]


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        (b"", "/body", "json_invalid"),
        (b'{"platform": "custom", "items": [NaN]}', "/body", "json_invalid"),
        (b"[" * 5_000, "/body", "json_invalid"),
        ({"items": [1]}, "/body/platform", "missing"),
        (asked(platform="nowhere"), "/body/platform", "enum"),
        (asked() | {"tenant_id": "other"}, "/body", "extra_forbidden"),
        (asked(*range(1_001)), "/body/items", "too_long"),
    ],
)
def test_a_wrong_body_is_422_by_its_place(api, body, pointer, code):
    answer = api.post("/v1/ingest", body, {"Content-Type": "application/json"})
    assert (answer.status, answer.json()["code"]) == (422, "invalid")
    (told,) = answer.json()["errors"]
    assert (told["pointer"], told["code"]) == (pointer, code)


def test_a_body_that_is_too_large_is_413_and_another_type_415(api):
    head = f"POST /v1/ingest HTTP/1.1\r\nHost: 127.0.0.1:{api.port}\r\n"
    head += f"Content-Type: application/json\r\nContent-Length: {MAX_BODY_BYTES + 1}\r\n\r\n"
    assert b" 413 " in api.raw(head.encode()).splitlines()[0]
    assert api.post("/v1/ingest", b"{}", {"Content-Type": "text/plain"}).status == 415


def test_more_bodies_than_are_kept_at_a_time_are_told_when_to_come_again(api):
    head = f"POST /v1/ingest HTTP/1.1\r\nHost: 127.0.0.1:{api.port}\r\n"
    head += "Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"
    waiting = [socket.create_connection(("127.0.0.1", api.port)) for _ in range(32)]
    try:
        for each in waiting:
            each.sendall(head.encode())
        wait_until(
            lambda: api.post("/v1/ingest", asked(5)).status == 503, within_s=WAIT_S, what="limit"
        )
        answer = api.post("/v1/ingest", asked(5))
        assert (answer.json()["code"], answer.headers["retry-after"]) == ("overloaded", "1")
        assert api.get("/v1/keys").status == 200
    finally:
        for each in waiting:
            each.close()
    wait_until(
        lambda: api.post("/v1/ingest", asked(5)).status == 202, within_s=WAIT_S, what="room again"
    )


def test_a_key_needs_the_scope(api):
    assert api.post("/v1/ingest", asked(), api.bearer("mentions:read")).status == 403
    assert api.post("/v1/ingest", asked(5), api.bearer("ingest:write")).status == 202


def test_a_process_that_dies_is_started_again_and_meanwhile_it_is_503(api):
    receiver = child(api, "receive")
    receiver.send_signal(signal.SIGKILL)
    receiver.wait(WAIT_S)
    answer = api.post("/v1/ingest", asked(5))
    assert (answer.status, answer.json()["code"]) == (503, "ingest_unavailable")
    assert answer.headers["retry-after"]
    wait_for_receiver(api)
    assert child(api, "receive").pid != receiver.pid


def test_the_api_never_opens_the_pseudonym_key_and_the_process_for_it_does(api, home, audited):
    """This is checked after each route was asked."""
    api.post("/v1/ingest", asked())
    api.post("/v1/sentiment", {"text": "great"})
    api.post("/v1/jobs", b'"great"\n', {"Content-Type": "application/x-ndjson"})
    for path in ("/v1/query?metric=volume", "/v1/posts", "/v1/quality", "/v1/keys", "/v1/jobs"):
        assert api.get(path).status == 200, path
    key = str(Settings(home=home).key_file)
    opened = {"serve": [], "receive": [], "worker": []}
    for file in audited.iterdir():
        command, *paths = file.read_text().splitlines()
        for name in opened.keys() & {*command.split()}:
            opened[name] += paths
    assert key in opened["receive"], "the hook sees it"
    assert any(path.endswith("api-access.log") for path in opened["serve"])
    assert any(path.endswith("worker.jsonl") for path in opened["worker"])
    assert [name for name, paths in opened.items() if key in paths] == ["receive"]


def test_it_ends_with_the_api_also_when_that_is_killed(home):
    with serving(home, broker__port=NOBODY) as api:
        wait_for_receiver(api)
        children = [child(api, "receive"), child(api, "worker")]
        api.process.kill()
        api.process.wait()
        assert psutil.wait_procs(children, timeout=WAIT_S)[1] == []


def test_without_a_pseudonym_key_the_api_serves_and_says_what_is_missing(tmp_path):
    with serving(tmp_path, broker__port=NOBODY, workers=0) as api:
        wait_until(
            lambda: api.post("/v1/ingest", asked()).json()["code"] == "no_pseudonym_key",
            within_s=WAIT_S,
            what="answer",
        )
        assert "echostream up" in api.post("/v1/ingest", asked()).json()["detail"]
        create_key(Settings(home=tmp_path).key_file)
        wait_for_receiver(api)
        receiver = child(api, "receive")
        api.stop()
        assert not receiver.is_running()
