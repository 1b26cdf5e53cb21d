"""Without a key, only programs of this machine get answers: no web page and no proxy."""

import pytest

from foundation.sections import ApiSettings
from serving.api.auth import Gatekeeper, is_loopback
from serving.api.problems import ProblemError

TEXT = {"text": "a fine day"}


def own(api):
    return f"127.0.0.1:{api.port}"


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "LOCALHOST", "[::1]"])
def test_names_of_loopback_are_ours(api, name):
    assert api.get("/v1/keys", {"Host": f"{name}:{api.port}"}).status == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example", "127.0.0.1", "localhost:1", "127.0.0.1.evil.example", "", "[::1"],
)
def test_another_host_is_refused_so_that_no_name_can_be_rebound_to_us(api, host):
    answer = api.get("/v1/keys", {"Host": host})

    assert (answer.status, answer.json()["code"]) == (421, "wrong_host")


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"Origin": "https://evil.example"}, id="another origin"),
        pytest.param({"Origin": "null"}, id="a sandboxed frame"),
        pytest.param({"Origin": "http://127.0.0.1:1"}, id="another port"),
        pytest.param({"Origin": "file://"}, id="a file"),
        pytest.param({"Origin": "http://localhost"}, id="no port"),
        pytest.param({"Sec-Fetch-Site": "cross-site"}, id="cross-site"),
        pytest.param({"Sec-Fetch-Site": "same-site"}, id="another port of this machine"),
    ],
)
def test_a_web_page_of_another_origin_is_refused(api, headers):
    for answer in (api.get("/v1/keys", headers), api.post("/v1/sentiment", TEXT, headers)):
        assert (answer.status, answer.json()["code"]) == (403, "foreign_origin")


@pytest.mark.parametrize("site", ["none", "same-origin"])
def test_a_page_of_our_own_may_ask(api, site):
    headers = {"Origin": f"http://{own(api)}", "Sec-Fetch-Site": site}

    assert api.post("/v1/keys", {"name": "page", "scopes": ["admin"]}, headers).status == 201


def test_no_answer_invites_another_origin(api):
    preflight = {
        "Origin": "https://evil.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type",
    }
    for answer in (
        api.ask("OPTIONS", "/v1/sentiment", headers=preflight),
        api.ask("OPTIONS", "/v1/sentiment"),
        api.get("/healthz", {"Origin": "https://evil.example"}),
        api.get("/v1/openapi.json"),
    ):
        assert not [name for name in answer.headers if name.startswith("access-control")]
    assert api.ask("OPTIONS", "/v1/sentiment", headers=preflight).status == 403


@pytest.mark.parametrize(
    "media_type",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""],
)
def test_what_a_form_can_send_is_not_read(api, media_type):
    answer = api.post("/v1/sentiment", b'{"text": "a"}', {"Content-Type": media_type})

    assert (answer.status, answer.json()["code"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize(
    "name", ["X-Forwarded-For", "Forwarded", "X-Forwarded-Host", "X-Real-IP", "Via"]
)
def test_who_comes_through_a_proxy_needs_a_key(api, name):
    headers = {name: "203.0.113.7"}

    assert api.get("/v1/keys", headers).status == 401
    assert api.get("/v1/keys", headers | api.bearer("admin")).status == 200


def check(settings, **headers):
    keeper = Gatekeeper(ApiSettings(**settings))
    keeper.check({name.encode(): value.encode() for name, value in headers.items()})
    return keeper.lets_in_without_key({})


def test_beyond_loopback_keys_are_always_needed():
    assert check({"host": "::"}, host="anything") is False
    assert check({"host": "127.0.0.1"}, host="localhost:8600") is True


@pytest.mark.parametrize(
    ("host", "ours"),
    [("api.example", True), ("API.example", True), ("localhost:8600", False), ("x", False)],
)
def test_behind_a_proxy_its_names_are_listed(host, ours):
    settings = {"host": "::", "allowed_hosts": ("api.example",)}
    if ours:
        check(settings, host=host, origin="https://api.example")
    else:
        with pytest.raises(ProblemError):
            check(settings, host=host)


def test_a_page_is_of_the_same_origin_where_any_host_is_ours():
    check({"host": "::"}, host="api.example", origin="https://api.example")
    with pytest.raises(ProblemError):
        check({"host": "::"}, host="api.example", origin="https://evil.example")


@pytest.mark.parametrize(
    ("host", "on_loopback"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("localhost", True),
        ("::", False),
        ("10.0.0.1", False),
        ("localhost.example", False),
    ],
)
def test_loopback_is_told_from_other_addresses(host, on_loopback):
    assert is_loopback(host) is on_loopback
