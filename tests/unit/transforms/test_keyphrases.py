"""Key phrases lie between function words.

Placeholders, links, handles and hashtags are in neither the phrases nor the emoji.
"""
# ruff: noqa: RUF001  # curly apostrophes and dashes are what is tested

import pytest

from transforms.emoji import MOST as MOST_EMOJI
from transforms.emoji import emoji_of
from transforms.keyphrases import MOST, key_phrases


@pytest.mark.parametrize(
    ("text", "language", "phrases"),
    [
        ("The new loyalty card is useless.", "en", ["loyalty card", "useless"]),
        (
            "The Night Train to Vienna: the night train was late",
            "en",
            ["night train", "vienna", "late"],
        ),
        ("Das mobile Bezahlen ist kaputt", "de", ["mobile bezahlen", "kaputt"]),
        ("The new loyalty card is useless.", None, ["loyalty card", "useless"]),
        ("I don’t like the co-op’s night train", "en", ["co-op's night train"]),
        ("You and me, 12 or so", "en", []),
        ("नया पेट्रोल पंप और सस्ती बिजली", "hi", ["नया पेट्रोल पंप", "सस्ती बिजली"]),
        ("the nai\u0308ve re\u0301sume\u0301 and the naïve", "en", ["naïve résumé", "naïve"]),
        ("İzmir için güzel", "tr", ["izmir", "güzel"]),
        ("card #मौसम is \uff03மழை useless", "en", ["card", "useless"]),
        ("新しい画面がとても好きです", "ja", []),
        ("nova verzija je tu", "qq", []),
        ("", "en", []),
        (None, "en", []),
    ],
)
def test_key_phrases(text, language, phrases):
    assert key_phrases([text], language) == phrases


def test_a_word_that_stands_in_long_phrases_weighs_more():
    """The weight is RAKE's degree by frequency: card has (2 + 2 + 1) / 3."""
    texts = ["The loyalty card and the gift card or the card of the vendor"]
    assert key_phrases(texts, "en") == ["loyalty card", "gift card", "card", "vendor"]


@pytest.mark.parametrize(
    "mark",
    [
        "<EMAIL>",
        "<PERSON>",
        "<CREDIT_CARD>",
        "!!<EMAIL>",
        "(<EMAIL>)",
        "x<EMAIL>x",
        "@fox_hen",
        "#loyaltycard",
        "https://example.org/loyalty/card",
        "(https://example.org/a)",
    ],
)
def test_what_is_no_word_is_in_no_phrase(mark):
    assert key_phrases([f"loyalty card {mark} is useless"], "en") == ["loyalty card", "useless"]


def test_title_and_text_are_told_apart_and_bounded():
    texts = ["Loyalty card", "broken " + " the ".join(f"night{n} train{n}" for n in range(50))]
    phrases = key_phrases(texts, "en")
    assert len(phrases) == MOST
    assert "loyalty card" in phrases
    assert not any("card broken" in phrase for phrase in phrases)


def test_a_sentence_without_function_words_is_no_phrase():
    assert key_phrases(["alpha bravo charlie delta echo foxtrot"], "en") == []


@pytest.mark.parametrize(
    ("text", "emoji"),
    [
        ("ok", []),
        ("I ❤️ it ❤ 👍🏽👍", ["❤", "👍🏽", "👍"]),
        ("👨‍👩‍👧🇩🇪🇫🇷", ["👨‍👩‍👧", "🇩🇪", "🇫🇷"]),
        ("schön – 1️⃣ € … 日本", []),
        (None, []),
    ],
)
def test_emoji(text, emoji):
    assert emoji_of([text]) == emoji


def test_emoji_are_bounded_and_of_title_and_text():
    assert emoji_of(["🎉", "😡🎉"]) == ["🎉", "😡"]
    assert len(emoji_of(["".join(map(chr, range(0x1F600, 0x1F640)))])) == MOST_EMOJI
