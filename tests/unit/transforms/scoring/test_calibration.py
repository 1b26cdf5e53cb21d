"""A stored fit turns scores into confidences, and belongs to one version of a scorer."""

import json
import math
from dataclasses import replace

import pytest

from foundation.errors import SettingsError
from transforms.scoring.calibration import SHIPPED, CarriesFit, Fit, calibrated
from transforms.scoring.registry import SCORERS, load_scorer
from transforms.scoring.score import Score, ScorerOptions

# Weights per class, of 1, c, c squared, |c| and c == 0. Those of neutral are 0.
BY_COMPOUND = Fit(
    "compound", ((0, -2, 0, 0, -9), (0, 0, 0, 0, 0), (0, 2, 0, 0, -9)), "1", "made", mixed=0.06
)
BY_CONFIDENCE = Fit("confidence", ((0.0, 0.5),), "1", "made")


class FixedScorer:
    """Returns the scores that it was given."""

    name = "fixed"
    version = "1"
    languages = frozenset({"en"})

    def __init__(self, *scores: Score, fit: Fit | None = None) -> None:
        self.scores = scores
        if fit:
            self.fit = fit

    def score(self, texts):
        return [self.scores[int(text)] for text in texts]


def made(fit, **how):
    return calibrated(FixedScorer(fit=fit), **({"abstain_below": 0.0, "mixed": False} | how))


def test_confidence_is_the_probability_of_the_label():
    e = math.exp(1)
    whole = e + 1 + 1 / e
    assert BY_COMPOUND.confidence(Score("positive", 0.5)) == round(e / whole, 4)
    assert BY_COMPOUND.confidence(Score("neutral", 0.5)) == round(1 / whole, 4)
    assert BY_COMPOUND.confidence(Score("negative", 0.5)) == round(1 / e / whole, 4)
    assert BY_COMPOUND.confidence(Score("neutral", 0.0)) == round(1 / (1 + 2 * math.exp(-9)), 4)


def test_a_scorers_own_probability_is_stretched():
    odds = math.sqrt(0.9 / 0.1)
    assert BY_CONFIDENCE.confidence(Score("positive", 0.5, 0.9)) == round(odds / (1 + odds), 4)
    assert BY_CONFIDENCE.confidence(Score("positive", 0.5, 0.5)) == 0.5
    assert 0.99 < BY_CONFIDENCE.confidence(Score("positive", 0.5, 1.0)) < 1


@pytest.mark.parametrize(
    ("fit", "score", "confidence"),
    [
        pytest.param(BY_COMPOUND, Score(None, 0.5), None, id="no label"),
        pytest.param(BY_COMPOUND, Score("positive", None), None, id="no compound"),
        pytest.param(BY_CONFIDENCE, Score("positive", 0.5), None, id="no probability"),
        pytest.param(BY_COMPOUND, Score("mixed", 0.1), 0.06, id="mixed has its own rate"),
        pytest.param(BY_CONFIDENCE, Score("mixed", 0.1, 0.9), None, id="mixed without a rate"),
    ],
)
def test_where_there_is_nothing_to_say(fit, score, confidence):
    assert fit.confidence(score) == confidence


def test_no_label_below_the_confidence_that_is_asked_for():
    scorer = calibrated(
        FixedScorer(Score("positive", 0.5), Score("positive", 0.9), fit=BY_COMPOUND),
        abstain_below=0.7,
        mixed=False,
    )
    low, high = scorer.score(["0", "1"])
    assert (low.label, low.compound, low.confidence) == (None, 0.5, 0.6652)
    assert (high.label, high.compound, high.confidence) == ("positive", 0.9, 0.8385)


def test_without_a_fit_there_is_no_confidence():
    """A model's own probability is not calibrated."""
    (score,) = calibrated(
        FixedScorer(Score("positive", 0.5, 0.9)), abstain_below=0.0, mixed=False
    ).score(["0"])
    assert score == Score("positive", 0.5, None)


def test_without_a_fit_abstaining_is_refused():
    with pytest.raises(
        SettingsError, match=r"scorer fixed 1 has no calibration.*Set scorer\.abstain_below to 0"
    ):
        calibrated(FixedScorer(), abstain_below=0.5, mixed=False)


def test_the_version_says_all_that_decides_a_row():
    plain = made(BY_COMPOUND).version
    other = made(replace(BY_COMPOUND, mixed=0.07)).version
    abstains = made(BY_COMPOUND, abstain_below=0.6).version
    assert plain == f"1+cal-{BY_COMPOUND.version}"
    assert abstains == f"{plain}.abstain-0.6"
    assert len({plain, other, abstains, made(None).version}) == 4


def test_scores_are_remembered_within_bounds(monkeypatch):
    monkeypatch.setattr("transforms.scoring.calibration.MOST_REMEMBERED", 5)
    scores = [Score("positive", number / 100) for number in range(100)]
    scorer = calibrated(FixedScorer(*scores), abstain_below=0.0, mixed=False)
    assert scorer.score([str(number) for number in range(100)]) == scores
    assert len(scorer.remembered) <= 5


def test_a_fit_that_comes_with_the_model():
    assert isinstance(FixedScorer(fit=BY_COMPOUND), CarriesFit)
    assert not isinstance(FixedScorer(), CarriesFit)


@pytest.mark.parametrize("name", ["vader", "vader-plus", "textblob"])
def test_the_shipped_fit_belongs_to_the_scorer_that_is_installed(name):
    stored = json.loads((SHIPPED / f"{name}.json").read_text())
    raw = SCORERS[name](ScorerOptions(name))
    assert stored["scorer_version"] == raw.version
    assert load_scorer(ScorerOptions(name)).version == f"{raw.version}+cal-{Fit.of(stored).version}"
    scores = load_scorer(ScorerOptions(name)).score(
        ["a wonderful day", "a terrible day", "the train leaves"]
    )
    assert all(1 / 3 < score.confidence < 1 for score in scores)


def test_a_fit_for_another_version_is_not_used(monkeypatch):
    scorer = SCORERS["vader"](ScorerOptions())
    scorer.version = "3.3.1"
    assert calibrated(scorer, abstain_below=0.0, mixed=False).score(["good"]) == [
        Score("positive", 0.4404, None)
    ]


@pytest.mark.parametrize("name", ["vader", "vader-plus"])
def test_mixed_where_both_sides_are_strong(name):
    texts = ["I love it, I hate it", "I love it", "I hate it", "it is"]
    plain, mixed = (load_scorer(ScorerOptions(name, mixed=on)) for on in (False, True))
    assert [score.label for score in mixed.score(texts)] == [
        "mixed",
        "positive",
        "negative",
        "neutral",
    ]
    assert "mixed" not in [score.label for score in plain.score(texts)]
    assert mixed.score(texts)[1:] == plain.score(texts)[1:]
    assert mixed.score(texts)[0].confidence < 0.15  # it is mostly wrong, and says so
    assert mixed.version == f"{plain.version}.mixed"


def test_mixed_is_not_for_scorers_without_the_figures():
    assert (
        load_scorer(ScorerOptions("textblob", mixed=True)).version
        == load_scorer(ScorerOptions("textblob")).version
    )
