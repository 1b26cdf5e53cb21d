"""The model finds names of persons in kinds of sentences that it was not trained on."""

import unicodedata

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.pii.exact import find_exact
from transforms.pii.persons.features import OFFSETS, OWN, SIZE, described, listed
from transforms.pii.persons.model import NameModel, Weights, decode
from transforms.pii.persons.tokens import (
    EDGE,
    LINE,
    NUMBER,
    URL,
    USER,
    bounds_of,
    pieces_of,
    words_in,
)
from transforms.pii.persons.vocabulary import Vocabulary

MODEL = NameModel()


def names_in(text):
    return [text[start:end] for start, end in MODEL.find([text])[0]]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Yesterday I met Johanna Lindqvist at the station.", ["Johanna Lindqvist"]),
        ("Regards,\nThabo Mokoena", ["Thabo Mokoena"]),
        ("please tell Mrs. Okonkwo that we are late", ["Okonkwo"]),
        ("happy birthday Priya!!", ["Priya"]),
        ("my name is gabriela rossi", ["gabriela rossi"]),
        ("@HuntersGumbo go Hunter", ["Hunter"]),
        ("It was Ann-Marie O'Neill's idea.", ["Ann-Marie O'Neill"]),
        ("Kovács said no. Later on Kovács left.", ["Kovács", "Kovács"]),
        ("The weather in Berlin is nice today.", []),
        ("https://example.org/Ann_Lee @Ann_Lee <PERSON> 12.05.2024", []),
        ("\U0001f4f1\U0001f440 edit: it works now", []),
        ("\U0001f389 Sorry, Gotta go", []),
        ("\u2764 Thabo Mokoena \u2764", ["Thabo Mokoena"]),
        ("my name is rose", ["rose"]),
        ("Write to <EMAIL>. Offline mode is great", []),
        ("why does the app crash every time I open the map?", []),
        ("", []),
    ],
)
def test_names(text, names):
    assert names_in(text) == names


def test_a_batch_answers_as_each_text_alone_does():
    texts = [
        "Hi, I'm Thabo",
        "",
        "no one",
        "Best regards,\nIngrid Solberg",
        "@ann look",
        "#",
        "\n",
    ] * 200
    assert MODEL.find(texts) == [MODEL.find([text])[0] for text in texts]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text(max_size=30), max_size=5))
def test_spans_lie_in_their_text_in_order_and_apart(texts):
    for text, spans in zip(texts, MODEL.find(texts), strict=True):
        edges = [edge for span in spans for edge in span]
        assert edges == sorted(edges)
        assert all(0 <= start < end <= len(text) for start, end in spans)


@given(st.text(max_size=60) | st.text("aB'-@#<>_:/ \n\t.1w\u3000", max_size=60))
def test_each_word_has_its_place(text):
    """This is true for whole texts and for texts in pieces."""
    words = [word for piece in pieces_of(text) for word in words_in(piece)]
    assert len(words) == len(bounds_of(text))
    for word, (start, end) in zip(words, bounds_of(text), strict=True):
        assert text[start:end].startswith(word[:32]) or word in {EDGE, LINE, NUMBER, URL, USER}
    assert bounds_of(text, 2) == bounds_of(text)[:2]


def read(vocabulary, *texts):
    found = vocabulary.read(texts)
    return [vocabulary.words[row] for row in found.ids], found


@pytest.mark.parametrize(
    "text", ["मौसम", "കാലാവസ്ഥ", "সুপ্রভাত", "كِتَابٌ", "I\u0307zmir", "re\u0301sume\u0301", "சென்னை-வானிலை"]
)
def test_a_word_keeps_its_marks(text):
    assert words_in(text) == [text]
    assert words_in(f"#{text}") == [f"#{text}"]
    assert words_in(f"@{text.replace('-', '_')}") == [USER]


def test_both_ways_to_write_an_accent_are_one_name():
    text = "Kovács said no. Later on Kovács left."
    decomposed = unicodedata.normalize("NFD", text)
    assert [unicodedata.normalize("NFC", name) for name in names_in(decomposed)] == names_in(text)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("राम ने कहा", ["राम"]),
        ("रामा रामायण", []),
        ("Renée, Rene\u0301e", ["Renée", "Rene\u0301e"]),
        ("Hana Hana\u0301", ["Hana"]),
    ],
)
def test_an_author_s_name_is_no_half_word(text, found):
    spans = find_exact(text, ["राम", "Renée", "Hana"])
    assert [text[span.start : span.end] for span in spans] == found


def test_words_of_no_name_are_known_by_their_class():
    words, found = read(
        Vocabulary(lambda slots: slots), "see www.a.example/b @ann 12:30\n<EMAIL> é.", "B"
    )
    edge = "<edge>"
    assert words == [
        edge,
        edge,
        "see",
        URL,
        USER,
        NUMBER,
        LINE,
        USER,
        "é",
        ".",
        edge,
        edge,
        "B",
        edge,
        edge,
    ]
    assert [words[first] for first in found.firsts[:-1]] == ["see", "B"]


def test_everyday_words_are_doubted_in_small_letters():
    vocabulary = Vocabulary(lambda slots: slots)
    words, found = read(vocabulary, "mark Mark table joy")
    assert [words[at] for at in np.flatnonzero(vocabulary.is_everyday[found.ids])] == [
        "mark",
        "joy",
    ]


def test_a_word_that_an_account_of_its_text_has_in_its_name_is_marked():
    vocabulary = Vocabulary(lambda slots: slots)
    for _ in range(2):  # pieces are known the second time
        words, found = read(vocabulary, "@HuntersGumbo go Hunter!", "Hunter", "@ann #hunter")
        assert [words[at] for at in np.flatnonzero(found.echo)] == ["Hunter"]


def test_features_fit_their_places():
    assert all(
        len(described(word)[0]) <= OWN
        for word in ("#JohnSmithJonesBrown" * 3, "a", "#", "Ǆ", "<edge>")
    )
    assert len(listed("given.txt")) > 1000


def test_what_training_and_finding_see_is_the_same():
    """The model's stored sums equal those of the positions in training."""
    weights = np.arange(SIZE + 1, dtype=np.int64).astype(np.int8)
    model = NameModel(Weights(weights, (0, 0, 0, 0), 0))
    slots = Vocabulary(lambda found: found)
    words = ["Ann", "Lee", "#fun", "12"]
    mine = model.vocabulary.read([" ".join(words)]).ids
    theirs = slots.read([" ".join(words)]).ids
    expected = weights[slots.summed[theirs]].sum(axis=2, dtype=np.int32)
    assert expected.shape == (len(mine), len(OFFSETS))
    assert (model.vocabulary.summed[mine] == expected).all()


def test_the_vocabulary_forgets_before_it_grows_without_end(monkeypatch):
    monkeypatch.setattr("transforms.pii.persons.vocabulary._MOST_KNOWN", 3)
    vocabulary = Vocabulary(lambda slots: slots)
    for text in ("a b c", "d e", "f g h i", "a"):
        assert read(vocabulary, text)[0][2:-2] == text.split()
        assert len(vocabulary._pieces) <= 3
    assert vocabulary.words == ["<edge>", "a"]


def test_a_batch_with_more_new_words_than_are_described_at_once(monkeypatch):
    text = " ".join(f"{first}{last} Ann" for first in "Bcd" for last in "efg")
    found = NameModel().find([text])
    monkeypatch.setattr("transforms.pii.persons.vocabulary.AT_ONCE", 2)
    assert NameModel().find([text]) == found


@pytest.mark.parametrize(
    ("scores", "steps", "names"),
    [
        ([-1, 2, -1], (0, 0, 0, 0), [False, True, False]),
        ([2, -1, 2], (0, -3, -3, 2), [True, True, True]),
        ([1, -5, 1], (0, -3, -3, 2), [False, False, False]),
        ([], (0, 0, 0, 0), []),
    ],
)
def test_the_likeliest_chain(scores, steps, names):
    assert decode(np.array(scores, dtype=np.int32), steps).tolist() == names


def every_word(scores, steps):
    """Run Viterbi's algorithm word by word, as in textbooks."""
    none_none, none_name, name_none, name_name = steps
    none = 0
    name = -(1 << 20)
    backs = []
    for score in scores:
        backs.append((name + name_none > none + none_none, name + name_name > none + none_name))
        best_none = max(none + none_none, name + name_none)
        name = score + max(none + none_name, name + name_name)
        none = best_none
    flags = []
    state = name > none
    for back in reversed(backs):
        flags.append(state)
        state = back[state]
    return flags[::-1]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.integers(-60, 40), max_size=30), st.tuples(*[st.integers(-20, 20)] * 4))
def test_the_words_that_are_left_out_change_nothing(scores, steps):
    assert decode(np.array(scores, dtype=np.int32), steps).tolist() == every_word(scores, steps)
