"""No log, metric or error contains a client's texts, keys, names or paths."""

import asyncio
from pathlib import Path

import pytest

from foundation.logs import setup_logs
from foundation.settings import Settings
from serving.api.access_log import AccessLog
from serving.api.app import close, create_services
from serving.api.middleware import Gate
from tests.support.api import JSON, serving
from tests.support.commands import wait_until

CANARY = "canary-7f3a"


@pytest.fixture(scope="module")
def api(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("canaries")) as running:
        yield running


REQUESTS = [
    pytest.param("POST", "/v1/sentiment", f'{{"text": "{CANARY}"}}', {}, id="a text"),
    pytest.param("POST", "/v1/sentiment", f'{{"text": "{CANARY}"', {}, id="a text cut off"),
    pytest.param("POST", "/v1/sentiment", f'{{"{CANARY}": 1}}', {}, id="a field"),
    pytest.param("POST", "/v1/sentiment", f'{{"mode": "{CANARY}"}}', {}, id="a choice"),
    pytest.param(
        "POST", "/v1/sentiment/batch", f'{{"documents": [{{"id": "{CANARY}"}}]}}', {}, id="an id"
    ),
    pytest.param("POST", "/v1/keys", f'{{"name": "{CANARY}"}}', {}, id="a key's name"),
    pytest.param("GET", f"/v1/keys?q={CANARY}", None, {}, id="a query"),
    pytest.param("GET", f"/v1/posts?platform={CANARY}", None, {}, id="a filter"),
    pytest.param("GET", f"/v1/query?{CANARY}=1", None, {}, id="a parameter"),
    pytest.param("GET", f"/{CANARY}", None, {}, id="a path"),
    pytest.param("DELETE", f"/v1/keys/{CANARY}", None, {}, id="a part of a path"),
    pytest.param(CANARY.upper(), "/v1/keys", None, {}, id="a method"),
    pytest.param("GET", "/v1/keys", None, {"Authorization": f"Bearer {CANARY}"}, id="a key"),
    pytest.param("GET", "/v1/keys", None, {"Host": CANARY}, id="a host"),
    pytest.param("GET", "/v1/keys", None, {"Origin": f"http://{CANARY}"}, id="an origin"),
    pytest.param("GET", "/healthz", None, {"X-Request-Id": CANARY}, id="a request's id"),
    pytest.param("GET", "/healthz", None, {"User-Agent": CANARY}, id="a client's name"),
    pytest.param("POST", "/v1/sentiment", "{}", {"Content-Type": CANARY}, id="a media type"),
    pytest.param("POST", "/v1/keys", "{}", {"Idempotency-Key": CANARY + " "}, id="a repeat"),
]


@pytest.mark.parametrize(("method", "path", "body", "headers"), REQUESTS)
def test_nothing_that_is_sent_comes_back(api, method, path, body, headers):
    answer = api.ask(method, path, body and body.encode(), JSON | headers)

    assert CANARY not in (answer.body.decode() + str(answer.headers)).lower()


def test_nothing_that_was_sent_is_kept(api):
    key = api.key("sentiment:write")
    api.post("/v1/sentiment", {"text": CANARY}, {"Authorization": f"Bearer {key}"})
    for request in REQUESTS:
        method, path, body, headers = request.values
        api.ask(method, path, body and body.encode(), JSON | headers)
    metrics = api.get("/metrics").body.decode()
    written = api.all_logs() + metrics + (api.home / "serve.out").read_text()

    assert CANARY not in written.lower()
    assert key not in written
    assert key.split("_")[2] not in written
    assert any(line["key"] == key.split("_")[1] for line in api.log())


def test_a_line_of_the_access_log_has_closed_fields(api):
    request_id = api.get("/v1/keys?secret=1").headers["x-request-id"]

    def lines():
        return [line for line in api.log() if line["request_id"] == request_id]

    wait_until(lines, within_s=60, what="line of the log")
    (line,) = lines()
    assert set(line) == {
        "event", "time", "request_id", "method", "route", "status", "ms", "tenant", "key",
    }  # fmt: skip
    assert (line["method"], line["route"], line["status"]) == ("GET", "/v1/keys", 200)
    assert (line["tenant"], line["key"]) == ("default", None)


def test_what_a_route_raises_says_nothing_but_where(tmp_path):
    async def failing(_scope, _receive, _send):
        raise RuntimeError(CANARY)

    sent = []

    async def send(message):
        sent.append(message)

    async def receive():
        return {"type": "http.disconnect"}

    setup_logs(tmp_path / "logs" / "api.log", "info")
    services = create_services(Settings(home=tmp_path))
    scope = {"type": "http", "method": "GET", "path": "/healthz", "headers": []}
    asyncio.run(Gate(failing, services)(scope, receive, send))
    asyncio.run(close(services))

    start, body = sent
    assert start["status"] == 500
    assert b'"code":"internal"' in body["body"]
    logged = (tmp_path / "logs" / "api.log").read_text()
    assert "test_canaries.py:" in logged
    assert "RuntimeError" in logged
    assert CANARY not in logged + body["body"].decode()


def test_a_full_disk_takes_no_answer_with_it():
    log = AccessLog(Path("/dev/full"))

    log.note(route="/v1/keys", status=200)
    log.close()
