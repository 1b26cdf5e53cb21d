"""Keys open what their scopes say, and all invalid keys get the same answer."""

from datetime import timedelta

import pytest

from serving.api.resource import GuardedRoute
from serving.api.routes.listed import ROUTERS

PROXIED = {"Via": "1.1 test"}  # so that a key is needed
UNGUARDED = {"/healthz", "/readyz", "/metrics", "/v1/openapi.json"}
MOVED = {"/sentiment", "/query", "/ingest"}


def with_key(key):
    return PROXIED | {"Authorization": f"Bearer {key}"}


def test_a_key_is_made_shown_once_listed_and_revoked(api):
    made = api.post("/v1/keys", {"name": "shop", "scopes": ["admin"], "expires_days": 3})
    told = made.json()
    assert made.status == 201
    assert made.headers["location"] == f"/v1/keys/{told['id']}"
    assert api.get("/v1/keys", with_key(told["key"])).status == 200

    listed = api.get("/v1/keys")
    assert told["key"] not in listed.body.decode()
    (mine,) = [key for key in listed.json()["keys"] if key["id"] == told["id"]]
    assert mine["prefix"] == told["key"].split("_")[1]

    assert api.ask("DELETE", f"/v1/keys/{told['id']}").status == 204
    assert api.get("/v1/keys", with_key(told["key"])).status == 401
    assert api.ask("DELETE", "/v1/keys/key_unknown").status == 404


def test_unknown_revoked_and_expired_keys_get_the_same_answer(api):
    revoked = api.post("/v1/keys", {"name": "gone", "scopes": ["admin"]}).json()
    api.ask("DELETE", f"/v1/keys/{revoked['id']}")
    wrong = [
        revoked["key"],
        revoked["key"][:-1] + "!",
        "es_aaaaaaaa_" + "A" * 43,
        api.key("admin", expires_in=timedelta(microseconds=1)),
        "canary",
        "",
    ]
    answers = [api.get("/v1/keys", with_key(key)) for key in wrong]

    assert {answer.status for answer in answers} == {401}
    assert {answer.headers["www-authenticate"] for answer in answers} == {
        'Bearer realm="echostream", error="invalid_token"'
    }
    told = [answer.json() | {"request_id": ""} for answer in answers]
    assert all(one == told[0] for one in told)


def test_a_wrong_key_is_no_less_wrong_on_loopback(api):
    assert api.get("/v1/keys", {"Authorization": "Bearer es_aaaaaaaa_" + "A" * 43}).status == 401


@pytest.mark.parametrize("given", ["Basic YTpi", "Bearer", "es_aaaaaaaa_x", "Token x"])
def test_other_credentials_are_none(api, given):
    assert api.get("/v1/keys", {"Authorization": given}).status == 401


def test_without_a_key_the_answer_says_how_to_ask(api):
    answer = api.get("/v1/keys", PROXIED)

    assert answer.status == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="echostream"'


@pytest.mark.parametrize(
    ("scope", "method", "path", "may"),
    [
        ("sentiment:write", "POST", "/v1/sentiment", True),
        ("mentions:read", "POST", "/v1/sentiment", False),
        ("admin", "POST", "/v1/sentiment", True),
        ("sentiment:write", "GET", "/v1/keys", False),
        ("sentiment:write", "GET", "/metrics", False),
        ("admin", "GET", "/metrics", True),
    ],
)
def test_a_key_opens_what_its_scopes_say(api, scope, method, path, may):
    body = {"text": "fine"} if method == "POST" else None
    answer = api.ask(method, path, body, with_key(api.key(scope)))

    assert answer.status == (200 if may else 403)
    if not may:
        assert answer.json()["code"] == "forbidden_scope"
        assert 'error="insufficient_scope"' in answer.headers["www-authenticate"]


def test_the_scope_is_checked_before_the_body_is_looked_at(api):
    headers = with_key(api.key("mentions:read"))

    assert api.post("/v1/sentiment", b"no JSON", headers).status == 403


def test_every_route_needs_a_scope_or_is_listed_here():
    routes = [route for router in ROUTERS for route in router.routes]
    unguarded = {route.path for route in routes if not isinstance(route, GuardedRoute)}

    assert unguarded == UNGUARDED | MOVED


def test_a_repeated_request_makes_one_key_and_shows_it_once(api):
    body = {"name": "twice", "scopes": ["admin"]}
    headers = {"Idempotency-Key": "make-it-once"}
    first = api.post("/v1/keys", body, headers)
    again = api.post("/v1/keys", body, headers)

    assert (first.status, again.status) == (201, 201)
    assert again.headers["idempotent-replayed"] == "true"
    assert again.json() == first.json() | {"key": None}
    assert again.headers["location"] == first.headers["location"]
    other = api.post("/v1/keys", body | {"name": "other"}, headers)
    assert (other.status, other.json()["code"]) == (422, "idempotency_key_reused")
    assert api.post("/v1/keys", body, {"Idempotency-Key": "a b"}).status == 400


@pytest.mark.parametrize(
    "body",
    [
        {"name": "x", "scopes": ["root"]},
        {"name": "x", "scopes": []},
        {"name": " ", "scopes": ["admin"]},
        {"name": "x", "scopes": ["admin"], "expires_days": 0},
        {"name": "x", "scopes": ["admin"], "tenant_id": "other"},
    ],
)
def test_a_wrong_key_is_not_made(api, body):
    assert api.post("/v1/keys", body).status == 422
