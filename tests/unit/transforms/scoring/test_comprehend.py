"""The Amazon Comprehend scorer follows the wire format.

The tests cover batches, limits, throttling, partial errors and the budget.
"""

import json
import multiprocessing
import time
from dataclasses import replace
from types import SimpleNamespace

import botocore.endpoint
import pytest

from foundation.errors import ScorerBudgetError, ScorerServiceError, SettingsError
from foundation.sections import ComprehendSettings, ScorerSettings
from tests.support.comprehend import running
from transforms.scoring import comprehend, comprehend_calls
from transforms.scoring.budget import MonthlyBudget
from transforms.scoring.score import Score, ScorerOptions

GOOD = Score("positive", 0.88, 0.9)
BAD = Score("negative", -0.8, 0.85)
MIXED = Score("mixed", -0.1, 0.5)
NEUTRAL = Score("neutral", 0.0, 0.8)
NONE = Score(None, None)


@pytest.fixture
def service(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "made")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "made")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    # Its waits and ours. Other threads of the process may sleep.
    clock = SimpleNamespace(**vars(time) | {"sleep": lambda _seconds: None})
    monkeypatch.setattr(botocore.endpoint, "time", clock)
    monkeypatch.setattr(comprehend_calls, "time", clock)
    with running() as service:
        yield service


@pytest.fixture
def make(service, tmp_path):
    def load(language="en", **settings):
        said = {"region": "eu-west-1", "endpoint": service.endpoint, "attempts": 4} | settings
        options = ScorerOptions.of(
            ScorerSettings(comprehend=ComprehendSettings(**said)), home=tmp_path
        )
        return comprehend.load(replace(options, language=language))

    return load


def spent(tmp_path):
    file = tmp_path / "budgets" / "comprehend.json"
    return round(sum(json.loads(file.read_text()).values()), 6) if file.exists() else 0


def test_the_four_labels(make):
    texts = ["all is good", "all is bad", "good and bad", "a day"]
    assert make().score(texts) == [GOOD, BAD, MIXED, NEUTRAL]


def test_many_texts_are_batches_of_25_in_their_order(make, service):
    texts = [f"good {n}" if n % 3 else f"bad {n}" for n in range(60)]
    assert make().score(texts) == [GOOD if n % 3 else BAD for n in range(60)]
    assert [len(call["TextList"]) for call in service.calls] == [25, 25, 10]
    assert {call["LanguageCode"] for call in service.calls} == {"en"}


def test_a_blank_text_is_not_sent(make, service):
    assert make().score(["", " \n", "good"]) == [NONE, NONE, GOOD]
    assert [call["TextList"] for call in service.calls] == [["good"]]
    assert make().score([" "]) == [NONE]
    assert make().score([]) == []
    assert len(service.calls) == 1


def test_a_long_text_is_cut_at_5000_bytes_between_characters(make, service):
    assert make().score(["good " + "ü" * 4_000]) == [GOOD]
    (sent,) = service.calls[0]["TextList"]
    assert sent == "good " + "ü" * 2_497


def test_throttling_is_waited_out(make, service, tmp_path):
    service.throttle = 3
    assert make().score(["good"]) == [GOOD]
    assert service.requests == 4
    assert spent(tmp_path) == 0.0003


def test_throttling_without_end_is_an_error_with_a_name(make, service, tmp_path):
    service.throttle = 100
    with pytest.raises(ScorerServiceError, match="Amazon Comprehend: ThrottlingException"):
        make().score(["good"])
    assert service.requests == 4
    assert spent(tmp_path) == 0


def test_texts_that_fail_are_sent_again_alone(make, service, tmp_path):
    service.fails["odd"] = 3
    texts = ["good", "odd and bad", "bad", "odd and good"]
    assert make().score(texts) == [GOOD, BAD, BAD, GOOD]
    assert [len(call["TextList"]) for call in service.calls] == [4, 2, 1]
    assert spent(tmp_path) == 0.0012


def test_a_text_that_keeps_failing_has_no_label_and_costs_nothing(make, service, tmp_path):
    service.fails["odd"] = 100
    assert make().score(["good", "odd", "bad"]) == [GOOD, NONE, BAD]
    assert [len(call["TextList"]) for call in service.calls] == [3, 1, 1]
    assert spent(tmp_path) == 0.0006


def test_a_refusal_says_its_code_and_not_the_text(make, service):
    service.refuse = "AccessDeniedException"
    with pytest.raises(ScorerServiceError) as refused:
        make().score(["a secret text"])
    assert "AccessDeniedException" in str(refused.value)
    assert "secret" not in str(refused.value)


def test_nobody_there_is_an_error_with_a_name(make, free_port):
    with pytest.raises(ScorerServiceError, match="Amazon Comprehend: EndpointConnectionError"):
        make(endpoint=f"http://127.0.0.1:{free_port}", attempts=1).score(["good"])


def test_the_budget_stops_before_it_is_overdrawn(make, service, tmp_path):
    """A short text costs 0.0003 dollars, so the third call would exceed the budget."""
    scorer = make(max_usd_per_month=0.0007)
    assert scorer.score(["good"]) == [GOOD]
    assert scorer.score(["good"]) == [GOOD]
    with pytest.raises(ScorerBudgetError, match=r"scoring has cost 0\.00 of 0\.00 US dollars"):
        scorer.score(["good"])
    assert len(service.calls) == 2
    assert spent(tmp_path) == 0.0006


def test_the_budget_outlives_the_scorer(make):
    make(max_usd_per_month=0.0004).score(["good"])
    with pytest.raises(ScorerBudgetError):
        make(max_usd_per_month=0.0004).score(["good"])


def test_a_text_costs_by_its_length(make, tmp_path):
    make().score(["good " + "x" * 995])
    assert spent(tmp_path) == 0.001


def _spend(file):
    budget = MonthlyBudget(file, 1_000)
    for _ in range(50):
        budget.take(1)


def test_processes_share_the_budget(tmp_path):
    file = tmp_path / "budgets" / "made.json"
    workers = [
        multiprocessing.get_context("spawn").Process(target=_spend, args=(file,)) for _ in range(2)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sum(json.loads(file.read_text()).values()) == 100


def test_a_damaged_budget_spends_nothing(tmp_path):
    file = tmp_path / "made.json"
    file.write_text("[1")
    with pytest.raises(ScorerBudgetError, match="does not say what scoring has cost"):
        MonthlyBudget(file, 1).take(0.1)


def test_it_knows_the_one_language_that_it_was_made_for(make, service):
    scorer = make(language="de")
    assert (scorer.languages, scorer.version) == ({"de"}, "2017-11-27-de")
    scorer.score(["good"])
    assert service.calls[0]["LanguageCode"] == "de"
    with pytest.raises(SettingsError, match="no sentiment for language pl"):
        make(language="pl")


def test_without_a_region_the_setting_is_named(monkeypatch, tmp_path):
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    with pytest.raises(SettingsError, match=r"NoRegionError.*scorer\.comprehend\.region"):
        comprehend.load(ScorerOptions("comprehend"))
