"""Each key has its own limit, and every answer says how much of it is left."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from serving.api.limits import RateLimiter
from tests.support.api import serving


@pytest.fixture(scope="module")
def limited(tmp_path_factory):
    home = tmp_path_factory.mktemp("limited")
    limits = {"rate_limit": 5, "keyless_rate_limit": 1_000_000, "rate_window_s": 3_600}
    with serving(home, max_in_flight=5, sync_timeout_s=60, **limits) as running:
        yield running


def test_a_burst_of_ten_times_the_limit_gives_429_and_nothing_worse(limited):
    headers = limited.bearer("sentiment:write")
    answers = [limited.post("/v1/sentiment", {"text": "fine"}, headers) for _ in range(50)]

    assert [answer.status for answer in answers] == [200] * 5 + [429] * 45
    assert [answer.headers["ratelimit"].split(";")[1] for answer in answers[:6]] == [
        "r=4", "r=3", "r=2", "r=1", "r=0", "r=0",
    ]  # fmt: skip
    assert answers[0].headers["ratelimit-policy"] == '"default";q=5;w=3600'
    assert "retry-after" not in answers[0].headers
    last = answers[-1]
    assert last.json()["code"] == "rate_limited"
    assert 1 <= int(last.headers["retry-after"]) <= 3_600


def test_ten_times_as_many_at_once_as_may_run_get_503_and_nothing_worse(limited):
    long = {"text": "Anna Miller was not helpful at all. " * 130}

    def ask(_number):
        return [limited.post("/v1/sentiment", long) for _ in range(4)]

    with ThreadPoolExecutor(50) as pool:
        answers = [answer for some in pool.map(ask, range(50)) for answer in some]
    refused = [answer for answer in answers if answer.status != 200]
    assert {answer.status for answer in answers} == {200, 503}
    assert {answer.json()["code"] for answer in refused} == {"overloaded"}
    assert all(int(answer.headers["retry-after"]) >= 1 for answer in refused)
    assert limited.post("/v1/sentiment", long).status == 200


def test_another_key_and_the_owner_are_not_held_back(limited):
    spent = limited.bearer("sentiment:write")
    for _ in range(6):
        last = limited.post("/v1/sentiment", {"text": "fine"}, spent)
    assert last.status == 429

    fresh = limited.bearer("sentiment:write")
    assert limited.post("/v1/sentiment", {"text": "fine"}, fresh).status == 200
    assert limited.post("/v1/sentiment", {"text": "fine"}).status == 200


def test_windows_end_and_are_bounded():
    now = [0.0]
    limiter = RateLimiter(60, now=lambda: now[0])
    admitted = [limiter.admit("a", 2)[0] for _ in range(3)]
    assert admitted == [True, True, False]

    now[0] = 59.5
    assert limiter.admit("a", 2)[1]["retry-after"] == "1"
    now[0] = 60.0
    assert limiter.admit("a", 2)[0]
    for number in range(20_000):
        limiter.admit(f"key {number}", 2)
    assert len(limiter._windows) <= 10_001
