"""Scorers share an interface, their labels are valid, and each gives its package's figures."""

import math

import pytest
from textblob import TextBlob
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from benchmarks.sentiment_sets import DATA, goemotions, tweeteval
from foundation.errors import SettingsError
from transforms.scoring.registry import SCORERS, load_scorer
from transforms.scoring.score import ScorerOptions, label_of

# The others need a service or a model, and have tests of their own.
HERE = [name for name in SCORERS if name not in ("comprehend", "transformer")]
TEXTS = [
    "What a wonderful day!",
    "This is the worst service ever, terrible.",
    "The train leaves at nine.",
    "not bad at all :)",
    "I LOVE it, but the food was awful",
    "😀😭",
    "<HANDLE> is great, <PERSON> is not",
    "ein schöner Tag",
    "   ",
    "?!",
    "good\n\nbad",
    "x" * 10_000,
]


@pytest.mark.parametrize(
    ("compound", "label"),
    [
        (1.0, "positive"),
        (0.05, "positive"),
        (math.nextafter(0.05, 0), "neutral"),
        (0.0, "neutral"),
        (math.nextafter(-0.05, 0), "neutral"),
        (-0.05, "negative"),
        (-1.0, "negative"),
    ],
)
def test_label(compound, label):
    assert label_of(compound) == label


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_vader_is_vader(text):
    compound = SentimentIntensityAnalyzer().polarity_scores(text)["compound"]
    (score,) = load_scorer(ScorerOptions("vader")).score([text])
    assert (score.label, score.compound) == (label_of(compound), compound)


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_textblob_is_textblob(text):
    polarity = TextBlob(text).sentiment.polarity
    (score,) = load_scorer(ScorerOptions("textblob")).score([text])
    assert (score.label, score.compound) == (label_of(polarity), polarity)


@pytest.mark.skipif(not DATA.is_dir(), reason="needs the labelled texts in ../shared/data")
def test_textblob_is_textblob_on_recorded_texts():
    texts = [*tweeteval().texts[::4], *goemotions("test").texts[::9]]
    expected = [TextBlob(text).sentiment.polarity for text in texts]
    scores = load_scorer(ScorerOptions("textblob")).score(texts)
    assert [
        place for place, score in enumerate(scores) if repr(score.compound) != repr(expected[place])
    ] == []


def test_the_two_disagree_somewhere():
    """Otherwise one could replace the other."""
    assert load_scorer(ScorerOptions()).score(TEXTS) != load_scorer(
        ScorerOptions("textblob")
    ).score(TEXTS)


@pytest.mark.parametrize("name", HERE)
def test_the_answer_has_the_order_of_the_texts(name):
    scorer = load_scorer(ScorerOptions(name))
    one_by_one = [scorer.score([text])[0] for text in TEXTS]
    assert scorer.score(TEXTS) == one_by_one
    assert scorer.score(TEXTS[::-1]) == one_by_one[::-1]
    assert scorer.score([]) == []


@pytest.mark.parametrize("name", HERE)
def test_the_scale(name):
    good, bad, plain = load_scorer(ScorerOptions(name)).score(
        ["a wonderful day", "a terrible day", "a day"]
    )
    assert (good.label, bad.label, plain.label) == ("positive", "negative", "neutral")
    assert -1 <= bad.compound < 0 < good.compound <= 1
    assert abs(plain.compound) <= (0.1 if name == "linear" else 0.0)


@pytest.mark.parametrize("name", HERE)
def test_placeholders_weigh_nothing(name):
    texts = [f"<{kind}>" for kind in ("EMAIL", "HANDLE", "PROFILE", "PERSON")]
    scores = load_scorer(ScorerOptions(name)).score(texts)
    assert {score.label for score in scores} == {"neutral"}
    assert max(abs(score.compound) for score in scores) <= (0.05 if name == "linear" else 0.0)


@pytest.mark.parametrize("name", HERE)
def test_a_row_can_say_which_scorer_it_was(name):
    scorer = load_scorer(ScorerOptions(name))
    assert scorer.name == name
    assert scorer.version[0].isdigit()


def test_a_scorer_is_loaded_once():
    assert load_scorer(ScorerOptions()) is load_scorer(ScorerOptions())


def test_an_unknown_scorer_names_the_setting():
    with pytest.raises(
        SettingsError,
        match=r"scorer oracle is unknown\. Set scorer\.name to one of: vader, vader-plus",
    ):
        load_scorer(ScorerOptions("oracle"))


@pytest.mark.timeout(20)  # a quadratic search would need minutes
@pytest.mark.parametrize("name", ["vader", "vader-plus", "linear"])
@pytest.mark.parametrize(
    "text",
    [
        "\U0001f602" * 100_000,
        "good" + "!" * 100_000,
        "Hi. " * 25_000,
        "I like it. " * 9_000,
        "\u597d" * 100_000,
        "\u2764\ufe0f" * 50_000,
        "\u3000".join("x" * 50_000),
        "@a &amp; " * 11_000,
    ],
    ids=[
        "emoji",
        "marks",
        "sentences",
        "likes",
        "no spaces",
        "selectors",
        "wide spaces",
        "handles",
    ],
)
def test_a_long_text_is_scored_in_linear_time(name, text):
    (score,) = load_scorer(ScorerOptions(name)).score([text])
    assert -1 <= score.compound <= 1
