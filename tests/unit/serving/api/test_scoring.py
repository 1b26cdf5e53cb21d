"""Concurrent texts are scored in batches, in turns, and within the time-out."""

import asyncio
from pathlib import Path

import pytest

from foundation.settings import Settings
from serving.api.problems import ProblemError
from serving.api.scoring import Scoring
from serving.text_scorer import Scored, Text

SLOW = "slow"


class WatchedScorer:
    """Records its batches. A slow text takes until the clock says that it is too late."""

    def __init__(self, scoring):
        self.batches = []
        self.late = False
        self._scoring = scoring

    def ready(self, texts):
        return [text.text for text in texts]

    def scored(self, texts):
        self.batches.append(texts)
        if SLOW in texts:
            loop = asyncio.get_running_loop()
            now = loop.time()
            while loop.time() < now + self._scoring._timeout_s:
                pass
        if "bad" in texts:
            raise ZeroDivisionError
        return [Scored({"label": text}, None, {}) for text in texts]


@pytest.fixture
def scoring():
    made = Scoring(Settings(home=Path("unused"), api={"sync_timeout_s": 0.1}))
    made._scorer = WatchedScorer(made)
    yield made
    made.close()


def texts(*names):
    return [Text(name) for name in names]


def run(scoring, *requests):
    """Return each request's labels, or the error that it got."""

    async def together():
        return await asyncio.gather(
            *(scoring.score(texts(*names)) for names in requests), return_exceptions=True
        )

    return [
        answer if isinstance(answer, Exception) else [each.sentiment["label"] for each in answer]
        for answer in asyncio.run(together())
    ]


def test_requests_that_come_together_are_one_batch(scoring):
    assert run(scoring, ["a"], ["b"], ["c"]) == [["a"], ["b"], ["c"]]
    assert scoring._scorer.batches == [["a", "b", "c"]]


def test_a_long_request_does_not_hold_up_a_short_one(scoring):
    long = ["x" * 3_000, "y" * 3_000, "z" * 3_000]

    assert run(scoring, long, ["a"]) == [long, ["a"]]
    assert [len(batch) for batch in scoring._scorer.batches] == [2, 1, 1]
    assert scoring._scorer.batches[0][1] == "a"


def test_who_waits_too_long_gets_504_and_the_others_their_answer(scoring):
    behind = ["x" * 4_000]
    first, second = run(scoring, [SLOW], behind)

    assert first == [SLOW]
    assert isinstance(second, ProblemError)
    assert (second.status_code, second.code) == (504, "timeout")
    assert run(scoring, ["a"]) == [["a"]]


def test_what_a_scorer_raises_reaches_those_who_wait_and_nobody_else(scoring):
    (failed,) = run(scoring, ["bad"])

    assert isinstance(failed, ZeroDivisionError)
    assert run(scoring, ["a"]) == [["a"]]


def test_before_it_is_loaded_the_answer_says_when_to_come_again(scoring):
    scoring._scorer = None
    (refused,) = run(scoring, ["a"])

    assert (refused.status_code, refused.code) == (503, "starting")
    assert refused.headers["Retry-After"]
