"""A repeated request gets the answer of the first one."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from foundation import clock
from tenancy.database import Database
from tenancy.idempotency import (
    CLAIM,
    KEEP,
    InFlightError,
    Key,
    OtherBodyError,
    Stored,
    claim,
    release,
    settle,
)
from tests.support.clock import BASE

KEY = Key("default", "once", "POST /v1/jobs")
BODY = b"a" * 32
ANSWER = Stored(202, {"location": "/v1/jobs/1"}, b"{}")


def test_the_first_one_works_and_the_others_get_its_answer(database):
    assert claim(database, KEY, BODY) is None
    with pytest.raises(InFlightError):
        claim(database, KEY, BODY)
    settle(database, KEY, ANSWER)
    assert claim(database, KEY, BODY) == ANSWER
    release(database, KEY)  # the request has an answer, so nothing happens
    assert claim(database, KEY, BODY) == ANSWER


def test_another_body_is_refused(database):
    claim(database, KEY, BODY)

    with pytest.raises(OtherBodyError):
        claim(database, KEY, b"b" * 32)


def test_a_key_is_of_one_route(database):
    claim(database, KEY, BODY)

    assert claim(database, Key("default", "once", "POST /v1/keys"), b"b" * 32) is None


def test_what_was_released_is_tried_again(database):
    claim(database, KEY, BODY)
    release(database, KEY)

    assert claim(database, KEY, b"b" * 32) is None


@pytest.mark.parametrize(("settled", "keeps"), [(True, KEEP), (False, CLAIM)])
def test_a_key_is_kept_for_its_time(database, monkeypatch, settled, keeps):
    monkeypatch.setattr(clock, "now", lambda: BASE)
    claim(database, KEY, BODY)
    if settled:
        settle(database, KEY, ANSWER)

    monkeypatch.setattr(clock, "now", lambda: BASE + keeps - timedelta(seconds=1))
    with pytest.raises(OtherBodyError):
        claim(database, KEY, b"b" * 32)
    monkeypatch.setattr(clock, "now", lambda: BASE + keeps)
    assert claim(database, KEY, b"b" * 32) is None


def test_of_many_at_once_one_works(database, address):
    barrier = threading.Barrier(6)
    database.prepare()

    def ask(_number):
        one = Database(address)
        barrier.wait()
        try:
            return claim(one, KEY, BODY)
        except InFlightError:
            return "in flight"
        finally:
            one.close()

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(ask, range(6)))
    assert answers.count(None) == 1
    assert answers.count("in flight") == 5
