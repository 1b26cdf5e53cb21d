"""A post's language selects its scorer, and a post without a label has a reason."""

import pytest

from foundation.errors import SettingsError
from foundation.sections import ScorerSettings
from schemas.reasons import Unscored
from schemas.tables import SENTIMENT
from transforms.scoring.posts import Post, Scorers, sentiments
from transforms.scoring.score import Score, ScorerOptions


class Made:
    """A scorer that knows some languages and has one label."""

    version = "1"

    def __init__(self, name, *languages, label="positive"):
        self.name = name
        self.languages = frozenset(languages)
        self.label = label
        self.seen = []

    def score(self, texts):
        self.seen += texts
        return [Score(self.label, 0.5, 0.9) for _ in texts]


class ByLanguage:
    """Scorers that the test makes."""

    def __init__(self, default, **others):
        self.default = default
        self.others = others

    def of(self, language):
        return self.others.get(language, self.default)


def said(posts, scorers):
    return [(s["scorer"], s["label"], s["reason"]) for s in sentiments(posts, scorers)]


def test_a_language_that_the_scorer_does_not_know_gets_no_label():
    english = Made("english", "en")
    posts = [
        Post("good", "en"),
        Post("gut", "de"),
        Post("lol", None),
        Post("😀", None),
        Post(None, "de"),
        Post("", None),
    ]
    assert said(posts, ByLanguage(english)) == [
        ("english", "positive", None),
        ("english", None, "language"),
        ("english", "positive", None),
        ("english", "positive", None),
        ("english", None, "no_text"),
        ("english", None, "no_text"),
    ]
    assert english.seen == ["good", "lol", "😀"]


def test_what_is_not_scored_has_no_figures_but_a_scorer():
    (sentiment,) = sentiments([Post("gut", "de")], ByLanguage(Made("english", "en")))
    assert sentiment == {
        "label": None,
        "compound": None,
        "confidence": None,
        "scorer": "english",
        "scorer_version": "1",
        "reason": Unscored.LANGUAGE,
    }
    assert list(sentiment) == SENTIMENT.names


def test_each_language_has_its_scorer():
    english = Made("english", "en")
    german = Made("german", "de", label="negative")
    any_other = Made("any")
    scorers = ByLanguage(any_other, en=english, de=german)
    posts = [
        Post("gut", "de"),
        Post("good", "en"),
        Post("bon", "fr"),
        Post("schlecht", "de"),
        Post("lol", None),
    ]
    assert said(posts, scorers) == [
        ("german", "negative", None),
        ("english", "positive", None),
        ("any", "positive", None),
        ("german", "negative", None),
        ("any", "positive", None),
    ]
    assert german.seen == ["gut", "schlecht"]


def test_a_scorer_that_abstains_says_so_and_keeps_its_figures():
    (sentiment,) = sentiments([Post("so so", "en")], ByLanguage(Made("unsure", "en", label=None)))
    assert (sentiment["label"], sentiment["compound"], sentiment["confidence"]) == (None, 0.5, 0.9)
    assert sentiment["reason"] == Unscored.ABSTAINED


def test_the_settings_choose_by_language():
    options = ScorerOptions.of(ScorerSettings(name="vader", by_language={"en": "textblob"}))
    posts = [
        Post("a wonderful day", "en"),
        Post("a wonderful day", None),
        Post("ein schöner Tag", "de"),
    ]
    assert said(posts, Scorers(options)) == [
        ("textblob", "positive", None),
        ("vader", "positive", None),
        ("vader", None, "language"),
    ]


def test_versions_are_of_every_scorer_that_may_be_asked():
    versions = Scorers(ScorerOptions(by_language=(("en", "textblob"),))).versions
    assert {language: name for language, (name, _) in versions.items()} == {
        None: "vader",
        "en": "textblob",
    }
    assert all(version[0].isdigit() for _, version in versions.values())


def test_an_unknown_scorer_of_a_language_is_refused_at_the_start():
    with pytest.raises(SettingsError, match="scorer oracle is unknown"):
        Scorers(ScorerOptions(by_language=(("de", "oracle"),)))


def test_a_refusal_of_the_service_is_not_the_text_s_fault():
    class Refusing(Made):
        def score(self, texts):
            raise SettingsError("no budget is left")

    with pytest.raises(SettingsError, match="no budget is left"):
        sentiments([Post("good", "en")], ByLanguage(Refusing("refusing", "en")))
