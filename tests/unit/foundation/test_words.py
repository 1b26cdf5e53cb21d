"""Words are right in scripts with combining marks, and nothing else becomes part of a word."""

import re
import time
import unicodedata

import pytest

from foundation.words import BEHIND_NO_WORD, MARK, composed, small, word_pattern

WORD = re.compile(word_pattern())
IS_MARK = re.compile(MARK)


def test_marks_are_those_that_unicode_names_without_the_selectors_of_symbols():
    everything = [chr(at) for at in range(0x110000)]
    marks = {char for char in everything if unicodedata.category(char) in ("Mn", "Mc")}
    marks -= {chr(at) for at in range(0xFE00, 0xFE10)}
    assert set(IS_MARK.findall("".join(everything))) == marks


@pytest.mark.parametrize(
    "text",
    [
        "मौसम",
        "হাওয়া",
        "வானிலை",
        "കാലാവസ്ഥ",
        "അവന്\u200d",  # an older chillu, whose joiner is at the end
        "র\u200d্যাম",
        "می\u200cروم",
        "ดีมาก",
        "كِتَابٌ",
        "סֵפֶר",
        "nai\u0308ve",
        "I\u0307zmir",
        "ⴰⵎⴰⵣⵉⵖ",
        "𑄌𑄋𑄴𑄟𑄳𑄦",  # Chakma, outside the basic plane
        "葛\U000e0100城",
    ],
)
def test_a_word_is_whole(text):
    assert WORD.findall(f"({text}) {text}!") == [text, text]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("ok\u2764\ufe0f", ["ok"]),
        ("#\ufe0f\u20e3 a", ["a"]),
        ("a\u200d\u2764", ["a"]),
        ("👩\u200d🚀 b", ["b"]),
        ("\u0301x", ["x"]),
    ],
)
def test_emoji_and_stray_signs_are_in_no_word(text, words):
    assert WORD.findall(text) == words


def test_a_word_begins_behind_none():
    whole = re.compile(rf"{BEHIND_NO_WORD}राम")
    assert whole.search("(राम)")
    assert not whole.search("का\u093eराम")


def test_one_form_of_each_letter():
    assert composed("cafe\u0301") == "café"
    assert small("I\u0307ZMI\u0307R") == small("İZMİR") == "izmir"


@pytest.mark.parametrize(
    "piece", ["\u0301", "a\u0301", "\u200d", "a\u200c", "a\u0301\u200d", "\U00011127"]
)
def test_hostile_words_take_no_longer_than_their_length(piece):
    text = "a" + piece * (300_000 // len(piece))
    began = time.perf_counter()
    WORD.findall(text)
    composed(text)
    assert time.perf_counter() - began < 5
