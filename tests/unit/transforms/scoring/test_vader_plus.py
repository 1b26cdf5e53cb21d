"""vader-plus normalises, splits long texts by sentence, has fitted thresholds and bounded work."""

import json
import re

import pytest

from transforms.scoring import normaliser
from transforms.scoring.normaliser import LONG_CHARS, normalise, sentences
from transforms.scoring.registry import load_scorer
from transforms.scoring.score import DOCUMENTED, ScorerOptions, Thresholds
from transforms.scoring.vader_plus import FILE, VaderPlusScorer
from transforms.scoring.vader_rules.rules import FastVader

VADER = FastVader()
PLUS = VaderPlusScorer(DOCUMENTED)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        pytest.param("AT&amp;T &lt;3 you", "AT&T <3 you", id="entities"),
        pytest.param("It isn\u2019t great", "It isn't great", id="curly apostrophe"),
        pytest.param("I \u2764\ufe0f it", "I \u2764 it", id="variation selector"),
        pytest.param("@lucky delayed", "  delayed", id="handle"),
        pytest.param("so @ann.bsky.social!", "so  !", id="handle that is a domain"),
        pytest.param(
            "write to ann@free.example", "write to ann@free.example", id="mail is no handle"
        ),
        pytest.param("see https://x.example/good now", "see   now", id="link"),
        pytest.param("see www.good.example", "see  ", id="bare link"),
        pytest.param("I like it", "I like it", id="like is a verb"),
        pytest.param("They Didn't LIKE it", "They Didn't LIKE it", id="in any case"),
        pytest.param("It looks like rain", "It looks as rain", id="like compares"),
        pytest.param("LIKE A DOG", "AS A DOG", id="in capitals still"),
        pytest.param("likes, alike, likely", "likes, alike, likely", id="whole words"),
        pytest.param("like", "as", id="at the start"),
        pytest.param("", "", id="nothing"),
        pytest.param(
            "\u201cgreat\u201d #GoodDay", "\u201cgreat\u201d #GoodDay", id="left as they are"
        ),
    ],
)
def test_normalised(text, read):
    assert normalise(text) == read


@pytest.mark.parametrize(
    ("text", "plain", "plus"),
    [
        ("It isn\u2019t great", 0.6249, -0.5096),
        ("I \u2764\ufe0f it", 0.0, 0.6369),
        ("@lucky delayed again", 0.2263, -0.2263),
    ],
)
def test_what_the_normaliser_is_for(text, plain, plus):
    assert VADER.compounds([text]) == [plain]
    assert PLUS.compounds([text]) == [plus]


def test_a_short_text_is_one_part():
    text = "Good. Bad! " * (LONG_CHARS // 11)
    assert sentences(text) == [text]


def test_a_long_text_is_its_sentences():
    text = "Was it good? It was 3.5 km.\n\nYes!!! \n" + "x" * LONG_CHARS + ". "
    assert sentences(text) == ["Was it good?", "It was 3.5 km.", "Yes!!!", "x" * LONG_CHARS + "."]


def test_the_parts_of_a_text_are_few():
    text = "Hi. " * 25_000 + "Ho."
    parts = sentences(text)
    assert len(parts) <= normaliser.MOST_PARTS
    assert " ".join(parts) == text


def test_a_long_text_does_not_run_to_the_end_of_the_scale():
    """The package gives -0.9805 for the second."""
    short = "It was good. Then it was bad."
    long = "It was good. Then it was bad. " * 20
    (once,) = VADER.compounds(["It was good."])
    (then,) = VADER.compounds(["Then it was bad."])
    mean = (once + then) / 2
    assert PLUS.compounds([short]) == VADER.compounds([short])
    assert PLUS.compounds([long]) == [round(2 * mean / (1 + mean * mean), 4)]


def test_figures_of_a_long_text_are_the_means_of_its_sentences():
    text = "It was good. The train leaves. " * 15
    first, second = VADER.figures_of(["It was good.", "The train leaves."])
    (figures,) = PLUS.figures_of([text])
    assert figures[:3] == tuple(
        round((one + other) / 2, 3) for one, other in zip(first[:3], second[:3], strict=True)
    )
    assert figures.compound == PLUS.compounds([text])[0]


def test_long_and_short_texts_keep_their_places():
    texts = ["good", "It was bad. " * 40, "", "train", "Good! Bad. Good! " * 30, "bad"]
    assert PLUS.compounds(texts) == [PLUS.compounds([text])[0] for text in texts]
    assert [figures.compound for figures in PLUS.figures_of(texts)] == PLUS.compounds(texts)


def test_thresholds_are_those_of_the_fit():
    stored = json.loads(FILE.read_text("utf-8"))
    scorer = load_scorer(ScorerOptions("vader-plus"))
    texts = [
        f"{word} {filler}"
        for word in ("nice", "want", "no", "hard", "good")
        for filler in ("", "day", "a b")
    ]
    for score in scorer.score(texts):
        expected = (
            "positive"
            if score.compound >= stored["positive"]
            else "negative"
            if score.compound <= stored["negative"]
            else "neutral"
        )
        assert score.label == expected
    assert {"positive", "neutral", "negative"} == {score.label for score in scorer.score(texts)}


def test_the_version_names_lexicon_normaliser_and_thresholds(monkeypatch):
    monkeypatch.setattr("transforms.scoring.vader_plus.NORMALISER_VERSION", "7")
    assert VaderPlusScorer(Thresholds(-0.1, 0.35)).version == f"{VADER.version}.n7.t-0.1,0.35"


@pytest.mark.timeout(20)  # a quadratic search would need minutes
@pytest.mark.parametrize(
    "text",
    [
        "\n" * 10**6,
        " " * 10**6,
        "@" * 10**6,
        "&" * 10**6,
        "like " * 10**5,
        "'" * 10**6,
        "x" * 10**6,
        ". " * 10**5,
        ".  \n" * 10**5,
        "www." * 10**5,
        "@a.@a." * 10**5,
    ],
    ids=[
        "lines",
        "spaces",
        "at",
        "ampersands",
        "like",
        "quotes",
        "one word",
        "dots",
        "all ends",
        "www",
        "handles",
    ],
)
def test_hostile_text_is_read_in_linear_time(text):
    assert sum(map(len, sentences(normalise(text)))) <= len(text)


def test_no_pattern_is_left_untested():
    """Otherwise a slow pattern could be added beside the test above."""
    patterns = [name for name, value in vars(normaliser).items() if isinstance(value, re.Pattern)]
    assert patterns == ["_LINK", "_HANDLE", "_LIKE", "_SENTENCE_END"]
