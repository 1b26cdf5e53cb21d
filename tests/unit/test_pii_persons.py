"""Names of persons: the model's parts, and kinds of sentences that it was not trained on."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.pii.persons.features import OFFSETS, OWN, SIZE, Vocabulary, described, listed
from transforms.pii.persons.model import NameModel, Weights, decode
from transforms.pii.persons.tokens import LINE, NUMBER, URL, USER, places_of, words_of

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
        ("why does the app crash every time I open the map?", []),
        ("", []),
    ],
)
def test_names(text, names):
    assert names_in(text) == names


def test_a_batch_answers_as_each_text_alone_does():
    texts = ["Hi, I'm Thabo", "", "no one", "Best regards,\nIngrid Solberg", "@ann look", "#", "\n"] * 200
    assert MODEL.find(texts) == [MODEL.find([text])[0] for text in texts]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text(max_size=30), max_size=5))
def test_spans_lie_in_their_text_in_order_and_apart(texts):
    for text, spans in zip(texts, MODEL.find(texts), strict=True):
        edges = [edge for span in spans for edge in span]
        assert edges == sorted(edges)
        assert all(0 <= start < end <= len(text) for start, end in spans)


@given(st.text(max_size=60))
def test_each_word_has_its_place(text):
    assert len(words_of([text]).words) == len(places_of(text)) + 4


def test_words_of_no_name_are_known_by_their_class():
    words = words_of(["see www.a.example/b @ann 12:30\n<EMAIL> é.", "B"])
    assert (
        words.words[2:-4]
        == ["see", URL, USER, NUMBER, LINE, USER, "é", ".", "<edge>", "<edge>"][: len(words.words) - 6]
    )
    assert [words.words[first] for first in words.firsts[:-1]] == ["see", "B"]


def test_features_fit_their_places():
    assert all(len(described(word)[0]) <= OWN for word in ("#JohnSmithJonesBrown" * 3, "a", "#", "Ǆ", "<edge>"))
    assert len(listed("given.txt")) > 1000


def test_what_training_and_finding_see_is_the_same():
    """The sums that the model keeps are those of the places that training counts."""
    weights = np.arange(SIZE + 1, dtype=np.int64).astype(np.int8)
    model = NameModel(Weights(weights, (0, 0, 0, 0), 0))
    places = Vocabulary(lambda found: found)
    words = ["Ann", "Lee", "<edge>", "#fun", "12"]
    mine, theirs = model.vocabulary.ids(words), places.ids(words)
    expected = weights[places.summed[theirs]].sum(axis=2, dtype=np.int32)
    assert expected.shape == (len(words), len(OFFSETS))
    assert (model.vocabulary.summed[mine] == expected).all()


def test_the_vocabulary_forgets_before_it_grows_without_end(monkeypatch):
    monkeypatch.setattr("transforms.pii.persons.features._MOST_KNOWN", 3)
    vocabulary = Vocabulary(lambda places: places)
    vocabulary.ids(["a", "b", "c"])
    assert vocabulary.ids(["c", "d"]).tolist() == [0, 1]
    assert len(vocabulary.capital) == 2


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
