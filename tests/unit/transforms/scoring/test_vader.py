"""Each VADER rule gives the package's own written figures, and hostile texts have bounded cost."""

import hashlib

import pytest
from vaderSentiment.vaderSentiment import (
    BOOSTER_DICT,
    NEGATE,
    SPECIAL_CASES,
    SentimentIntensityAnalyzer,
)

from transforms.scoring.registry import load_scorer
from transforms.scoring.score import ScorerOptions
from transforms.scoring.vader import VaderScorer
from transforms.scoring.vader_rules import words as vader_words
from transforms.scoring.vader_rules.rules import FastVader, Figures
from transforms.scoring.vader_rules.words import Letters, Tables, Valences, turned

VADER = FastVader()
FILLER = ["the train leaves at nine"] * 80  # enough characters to use the columns

RULES = {
    "empty": ("", (0.0, 0.0, 0.0, 0.0)),
    "only spaces": (" \u3000\x1c\t", (0.0, 0.0, 0.0, 0.0)),
    "nothing in the lexicon": ("the train leaves", (0.0, 1.0, 0.0, 0.0)),
    "a word": ("good", (0.0, 0.0, 1.0, 0.4404)),
    "punctuation goes": ("(good)...", (0.0, 0.0, 1.0, 0.4404)),
    "an emoticon keeps it": ("fine :)", (0.0, 0.0, 1.0, 0.5859)),
    "capitals among others": ("a GOOD day", (0.0, 0.355, 0.645, 0.5622)),
    "capitals everywhere": ("GOOD DAY", (0.0, 0.256, 0.744, 0.4404)),
    "a booster": ("very good", (0.0, 0.238, 0.762, 0.4927)),
    "a negation": ("not good", (0.706, 0.294, 0.0, -0.3412)),
    "any n't": ("xn't good", (0.706, 0.294, 0.0, -0.3412)),
    "a negation in curly quotes is none": ("isn\u2019t good", (0.0, 0.256, 0.744, 0.4404)),
    "no before a lexicon word": ("no good", (0.706, 0.294, 0.0, -0.3412)),
    "no alone": ("no", (1.0, 0.0, 0.0, -0.296)),
    "least": ("least good", (0.706, 0.294, 0.0, -0.3412)),
    "at least": ("at least good", (0.0, 0.408, 0.592, 0.4404)),
    "but": ("good but bad", (0.617, 0.13, 0.253, -0.5859)),
    "an idiom from the fourth word": ("that is a bad ass move", (0.0, 0.444, 0.556, 0.6124)),
    "an idiom too early": ("bad ass move", (0.875, 0.125, 0.0, -0.7906)),
    "kind of": ("kind of good", (0.0, 0.408, 0.592, 0.4404)),
    "exclamation marks": ("good!!!!!!!", (0.0, 0.0, 1.0, 0.6209)),
    "question marks": ("good???", (0.0, 0.0, 1.0, 0.533)),
    "an emoji with a lexicon word": ("\U0001f602", (0.218, 0.345, 0.437, 0.4404)),
    "one without": ("\U0001f621", (0.0, 1.0, 0.0, 0.0)),
    "an emoji that shouts": ("good \U0001f51b", (0.0, 0.385, 0.615, 0.4926)),
}


@pytest.mark.parametrize(("text", "figures"), RULES.values(), ids=RULES)
def test_rule(text, figures):
    assert repr(tuple(VADER.figures(text))) == repr(figures)
    assert repr(VADER.figures_of([text, *FILLER])[0]) == repr(VADER.figures(text))


def test_sums_are_not_compensated():
    """The sum is plain: from Python 3.12 on, sum() would give -0.0752 and a negative label.

    The words add up to 0.0 or -1e-16.
    """
    text = "awol gigo accomplished!"
    assert VADER.figures(text).compound == VADER.figures_of([text, *FILLER])[0].compound == 0.0


def test_but_finds_words_by_value():
    """The rule finds words by value, as the package does.

    It finds the halved second word in place of the equal third one, and halves it again.
    """
    assert turned([3.0, 2.0, 1.0], [0, 1, 2], but=3) == [1.5, 0.5, 1.0]
    assert turned([3.0, 2.0, 1.1], [0, 1, 3], but=2) == [1.5, 1.0, 1.1 * 1.5]


def test_order_and_chunks():
    texts = [f"good {'x ' * (number % 7)}{'!' * (number % 5)}" for number in range(5_000)]
    texts[77] = "good " * 40_000  # too long for a chunk
    texts[78] = ""
    assert VADER.figures_of(texts) == [VADER.figures(text) for text in texts]
    assert VADER.compounds(texts) == [figures.compound for figures in VADER.figures_of(texts)]
    assert VADER.figures_of([]) == []


def test_package_call():
    assert VADER.polarity_scores("good") == Figures(0.0, 0.0, 1.0, 0.4404)._asdict()


@pytest.mark.parametrize(
    "text",
    [
        "\U0001f602" * 4_000,
        "\U0001f602 " * 4_000,
        "good" + "!" * 100_000,
        "good " + "! " * 50_000,
        "good but bad " * 4_000,
        "\u597d" * 40_000,
        " ".join(f"x{number}n't good" for number in range(3_000)),
    ],
    ids=["emoji", "spaced emoji", "marks", "spaced marks", "but", "no spaces", "new words"],
)
# the package takes quadratic time for the emoji; ours takes milliseconds
@pytest.mark.timeout(10)
def test_hostile_text_is_scored_in_linear_time(text):
    (compound,) = VADER.compounds([text])
    assert -1 <= compound <= 1


def test_memos_are_bounded(monkeypatch):
    monkeypatch.setattr(vader_words, "_MEMO_ENTRIES", 10)
    letters = Letters(Tables())
    for number in range(100):
        assert letters[f"word{number}"] == letters.plain
    assert letters["w" * 41] == letters.plain
    assert len(letters) <= 10
    assert "w" * 41 not in letters
    valences = Valences(letters.kinds)
    scored = [letter for letter, kind in letters.kinds.items() if kind.valence is not None]
    for letter in scored:
        assert isinstance(valences[f"   {letter}  "], float)
    assert len(valences) <= 10


def test_version_names_package_and_tables():
    analyzer = SentimentIntensityAnalyzer()
    idioms = {phrase: float(valence) for phrase, valence in SPECIAL_CASES.items()}
    tables = repr((analyzer.lexicon, analyzer.emojis, NEGATE, BOOSTER_DICT, idioms))
    assert VADER.version == f"3.3.2+{hashlib.sha256(tables.encode()).hexdigest()[:8]}"
    assert VaderScorer().version == VADER.version


def test_scorer_remembers_scores():
    first, second, none = load_scorer(ScorerOptions()).score(["good", "good", "train"])
    assert first is second
    assert (first.label, first.compound) == ("positive", 0.4404)
    assert (none.label, none.compound) == ("neutral", 0.0)


def test_rows_hold_no_minus_zero():
    """Sums such as -1e-16 round to -0.0, which the figures keep and a row does not."""
    text = "awol accomplished gigo"
    assert repr(VADER.figures(text).compound) == "-0.0"
    assert repr(VaderScorer().score([text])[0].compound) == "0.0"
