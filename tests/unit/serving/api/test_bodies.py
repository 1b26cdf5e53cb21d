"""All routes survive hostile bodies, headers and methods."""

import contextlib
import http.client
import json
import socket

import pytest

from tests.support.api import serving

PATIENCE_S = 0.5


@pytest.fixture(scope="module")
def strict(tmp_path_factory):
    home = tmp_path_factory.mktemp("strict")
    with serving(home, body_timeout_s=PATIENCE_S, max_body_bytes=1_024, max_in_flight=3) as running:
        yield running


def request(api, *lines, path="/v1/sentiment", method="POST"):
    head = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{api.port}", *lines]
    return "\r\n".join(head).encode() + b"\r\n\r\n"


def told(received):
    head, _, body = received.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)["code"], head.lower()


def until_closed(connection):
    received = b""
    while part := connection.recv(65_536):
        received += part
    return received


JSON = "Content-Type: application/json"


@pytest.mark.parametrize(
    ("lines", "body", "status", "code"),
    [
        pytest.param(["Content-Length: 10000000000"], b"", 413, "too_large", id="10 GB announced"),
        pytest.param(
            ["Transfer-Encoding: chunked"],
            (b"400\r\n" + b"a" * 1_024 + b"\r\n") * 20,
            413,
            "too_large",
            id="more than the limit in chunks, without an end",
        ),
        pytest.param(
            ["Content-Length: 100", "Content-Encoding: gzip", "Connection: close"],
            b"\x1f\x8b" + b"0" * 98,
            415,
            "unsupported_media_type",
            id="compressed",
        ),
        pytest.param(["Content-Length: 100"], b'{"text": ', 408, "slow_body", id="half a body"),
        pytest.param(["Transfer-Encoding: chunked"], b"5\r\n", 408, "slow_body", id="half a chunk"),
        pytest.param(["Content-Length: -1"], b"", 400, "malformed", id="a negative length"),
        pytest.param(
            ["Content-Length: 1", "Content-Length: 2"], b"ab", 400, "malformed", id="two lengths"
        ),
        pytest.param(
            ["X-Long: " + "a" * 17_000], b"", 431, "headers_too_large", id="a long header"
        ),
        pytest.param(
            [f"X-{number}: a" for number in range(101)],
            b"",
            431,
            "headers_too_large",
            id="many headers",
        ),
        pytest.param(["No header at all"], b"", 400, "malformed", id="no HTTP"),
    ],
)
def test_a_bad_request_is_answered_and_its_connection_closed(strict, lines, body, status, code):
    received = strict.raw(request(strict, JSON, *lines) + body)

    assert told(received)[:2] == (status, code)
    assert b"content-type: application/problem+json" in told(received)[2]
    assert strict.get("/healthz").status == 200


def test_headers_are_not_kept_without_bound(strict):
    received = strict.raw(request(strict, "X-Long: " + "a" * 20_000)[:-4])

    assert told(received)[:2] == (400, "malformed")


def test_headers_that_never_end_are_waited_for_no_longer_than_the_limit(strict):
    received = strict.raw(request(strict)[:-2])

    assert told(received)[:2] == (408, "slow_headers")


def test_a_connection_that_says_nothing_is_closed(strict):
    assert told(strict.raw(b""))[:2] == (408, "slow_headers")


def test_slow_headers_are_closed_on_a_connection_that_was_used_before(strict):
    with socket.create_connection(("127.0.0.1", strict.port), timeout=60) as connection:
        connection.sendall(request(strict, path="/healthz", method="GET"))
        assert connection.recv(65_536).startswith(b"HTTP/1.1 200")
        connection.sendall(request(strict)[:-2])
        received = until_closed(connection)
    assert told(received[received.index(b"HTTP/1.1 408") :])[:2] == (408, "slow_headers")


def test_a_body_that_drips_is_cut_off(strict):
    with socket.create_connection(("127.0.0.1", strict.port), timeout=60) as connection:
        connection.sendall(request(strict, JSON, "Content-Length: 1000"))
        connection.settimeout(PATIENCE_S / 10)
        received = b""
        for _ in range(900):
            try:
                received = connection.recv(65_536)
                break
            except TimeoutError:
                connection.sendall(b" ")
            except ConnectionError:  # our byte met the closed end, and the answer was lost with it
                return
        connection.settimeout(60)
        try:
            received += until_closed(connection)
        except ConnectionError:  # as above, after a part of the answer
            assert received.startswith(b"HTTP/1.1 408")
            return
    assert told(received)[:2] == (408, "slow_body")


def test_more_requests_than_may_run_are_told_when_to_come_again(strict):
    waiting = [socket.create_connection(("127.0.0.1", strict.port)) for _ in range(3)]
    try:
        for each in waiting:
            each.sendall(request(strict, JSON, "Content-Length: 100"))
        answers = [strict.post("/v1/sentiment", {"text": "a"}) for _ in range(3)]
        assert strict.get("/healthz").status == 200
    finally:
        for each in waiting:
            each.close()
    refused = [answer for answer in answers if answer.status == 503]
    assert refused
    assert {answer.json()["code"] for answer in refused} == {"overloaded"}
    assert all(int(answer.headers["retry-after"]) >= 1 for answer in refused)


def test_a_body_at_the_limit_is_read_and_one_byte_more_is_not(strict):
    head = {"Content-Type": "application/json"}
    body = b'{"text": "fine"}'

    assert strict.post("/v1/sentiment", body.ljust(1_024), head).status == 200
    assert strict.post("/v1/sentiment", body.ljust(1_025), head).status == 413


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "CANARY", "get"])
def test_a_method_that_nobody_knows(strict, method):
    path = "/v1/sentiment" if method != "CONNECT" else "a:1"
    received = strict.raw(request(strict, "Connection: close", path=path, method=method))

    assert told(received)[0] in (400, 404, 405)
    assert b"CANARY" not in received


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_a_method_that_the_route_has_not(strict, method):
    answer = strict.ask(method, "/v1/sentiment")

    assert (answer.status, answer.json()["code"]) == (405, "method_not_allowed")
    assert answer.headers["allow"] == "POST"


def test_a_body_that_no_route_reads_is_read_before_the_answer(strict):
    connection = http.client.HTTPConnection("127.0.0.1", strict.port, timeout=60)
    with contextlib.closing(connection):
        for _ in range(2):
            connection.request("TRACE", "/v1/sentiment", b'{"text": "a"}')
            answer = connection.getresponse()
            assert (answer.status, answer.will_close) == (405, False)
            assert json.loads(answer.read())["code"] == "method_not_allowed"


def test_all_methods_of_a_path_are_named(strict):
    assert strict.ask("PUT", "/v1/keys").headers["allow"] == "GET, POST"


def test_the_text_has_a_limit_of_its_own(api):
    assert api.post("/v1/sentiment", {"text": "ä" * 2_500, "sanitise": False}).status == 200
    answer = api.post("/v1/sentiment", {"text": "ä" * 2_500 + "a"})
    assert (answer.status, answer.json()["code"]) == (413, "too_large")
    assert "ASYNC" in answer.json()["detail"]
