"""The words in WATCH= select the right posts."""

import pytest

from foundation.errors import UsageError
from ingestion.config.keywords import contains_any, parse_keywords


@pytest.mark.parametrize(
    ("text", "keywords"),
    [
        ("coffee", ("coffee",)),
        ('coffee OR "cold brew"', ("coffee", "cold brew")),
        ('"cold  brew"OR tea', ("cold brew", "tea")),
        ("or", ("or",)),
        ("#coffee OR C++", ("#coffee", "C++")),
        ("コーヒー OR café", ("コーヒー", "café")),
    ],
)
def test_words_and_phrases_are_told_apart(text, keywords):
    assert parse_keywords(text) == keywords


@pytest.mark.parametrize(
    "text",
    [
        "",
        '""',
        "OR",
        "coffee OR",
        "OR coffee",
        "coffee OR OR tea",
        "cold brew",
        '"cold brew',
        "coffee AND tea",
        "NOT tea",
        "-tea",
        "(coffee OR tea)",
        "coff*",
        "coffee NEAR/3 tea",
    ],
)
def test_what_the_short_form_does_not_know_is_refused_with_its_form(text):
    with pytest.raises(UsageError, match="OR between them"):
        parse_keywords(text)


@pytest.mark.parametrize(
    ("keyword", "text", "is_found"),
    [
        ("coffee", "Good COFFEE, twice", True),
        ("coffee", "#coffee", True),
        ("coffee", "coffeehouse", False),
        ("art", "a party", False),
        ("cold brew", "Cold\n brew!", True),
        ("cold brew", "cold brewing", False),
        ("c++", "I write C++.", True),
        ("東京", "東京駅で", True),
        ("กาแฟ", "ดื่มกาแฟร้อน", True),
        ("lumora", "\uff2c\uff35\uff2d\uff2f\uff32\uff21", True),
        ("straße", "STRASSE", True),
        (".", "no stop", False),
    ],
)
def test_a_keyword_is_found_as_a_whole_word_in_any_case(keyword, text, is_found):
    assert contains_any((keyword,), (None, text)) is is_found


def test_a_keyword_is_found_in_title_or_text_and_never_across_both():
    assert contains_any(("cold brew", "tea"), ("Tea", None))
    assert contains_any(("cold brew",), ("It was cold", "brew it")) is False
