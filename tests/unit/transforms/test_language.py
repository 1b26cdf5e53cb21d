"""A text's language is right or unknown; the platform's word counts only if the text is unclear."""
# ruff: noqa: RUF001  # Russian has letters that look like Latin ones

import gzip
from collections import Counter
from pathlib import Path

import pytest

from ingestion.generator.sentences import AFTERTHOUGHTS, OTHER_LANGUAGES, PRODUCTS, SENTENCES
from transforms.language import language_of, stop_words

GOEMOTIONS = (
    Path(__file__).parents[3].parent
    / "shared"
    / "data"
    / "sentiment"
    / "goemotions"
    / "group_test.tsv.gz"
)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("You know that this is what they want.", "en"),
        ("The weather in the mountains was very nice today", "en"),
        ("I DON'T THINK THAT HE IS RIGHT", "en"),
        ("Das Wetter in den Bergen war heute sehr schön", "de"),
        ("Het weer in de bergen was vandaag erg mooi", "nl"),
        ("Il fait très beau aujourd'hui dans les montagnes", "fr"),
        ("今日は山の天気がとても良かったです", "ja"),
        ("今天山里的天气非常好", "zh"),
        ("오늘 산의 날씨가 매우 좋았습니다", "ko"),
        ("Сегодня в горах была очень хорошая погода", "ru"),
        (
            "<PERSON> <HANDLE> https://example.org/the/and/you #the @that Das Wetter war heute sehr"
            " schön",
            "de",
        ),
    ],
)
def test_language(text, language):
    assert language_of(text) == language


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        " \n",
        "😀😀",
        "12:30 !!!",
        "<EMAIL> #fun @ann https://example.org",
        "lol",
        "Nordhaven",
    ],
)
def test_unknown_when_unsure(text):
    assert language_of(text) is None


@pytest.mark.parametrize(
    ("said", "language"),
    [
        ("en", "en"),
        ("en-US", "en"),
        ("pt_BR", "pt"),
        ("JA", "ja"),
        ("tlh", None),
        ("", None),
        (None, None),
        ("e1", None),
    ],
)
def test_the_platform_decides_where_the_text_does_not(said, language):
    assert language_of("lol", declared=said) == language
    assert language_of(None, declared=said) == language


@pytest.mark.parametrize("text", ["😀", "12:30", "#fun <HANDLE>"])
def test_what_has_no_words_is_of_no_language(text):
    assert language_of(text, declared="ja") is None


def test_the_text_decides_where_it_tells():
    """Mastodon and Bluesky declare the language of the user's interface."""
    assert language_of("You know that this is what they want.", declared="ja") == "en"
    assert language_of("Das Wetter in den Bergen war heute sehr schön", declared="en") == "de"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("शुभ रात्रि", "hi"),
        ("स्वागत है", "hi"),
        ("शुभ सकाळ", "mr"),
        ("शुभ प्रभात", "ne"),
        ("শুভ সকাল", "as"),
        ("Dobro jutro svima", "bs"),
        ("Dobro jutro svima", "sr"),
        ("Selamat pagi", "id"),
        ("God morgen alle sammen", "da"),
        ("God morgen alle sammen", "nb"),
        ("Добро утро", "bg"),
        ("Добро утро", "mk"),
        ("Дякую", "uk"),
        ("感謝", "ja"),
        ("ممنونم", "fa"),
    ],
)
def test_the_platform_decides_short_texts_between_languages_that_are_alike(text, said):
    assert language_of(text, declared=said) == said


@pytest.mark.parametrize(
    ("text", "said", "language"),
    [
        ("शुभ रात्रि", None, None),  # alone it looks like Sanskrit, in which nobody posts
        ("शुभ रात्रि", "sa", "sa"),
        ("शुभ रात्रि", "en", None),
        ("Спасибо", "en", None),
        ("ขอบคุณ", "de", "th"),
        ("Guten Morgen zusammen", "ja", "de"),
        ("Guten Morgen zusammen", "en", "de"),
        ("Buongiorno a tutti", "tr", "it"),
        ("shubh ratri", "hi", "hi"),
        ("שלום", "iw", "he"),
        ("मौसम आज पहाड़ों में बहुत अच्छा था और हम सब लोग घूमने गए थे", "ne", "hi"),
        ("#मौसम", "hi", None),
    ],
)
def test_what_the_letters_deny_is_not_believed(text, said, language):
    assert language_of(text, declared=said) == language


def test_the_first_text_that_tells_decides():
    assert (
        language_of(
            "Das Wetter in den Bergen war heute sehr schön", "This is what they said about it"
        )
        == "de"
    )
    assert language_of("😀", "This is what they said about it", declared="de") == "en"
    assert language_of("ok", "😀", declared="de") == "de"


def test_the_end_of_a_long_text_is_not_looked_at():
    assert (
        language_of("Das Wetter in den Bergen war heute sehr schön. " * 20 + "and you that they")
        == "de"
    )


def test_made_posts_of_other_languages_are_never_english():
    found = Counter(
        (language, language_of(sentence.format(p=product), declared=language))
        for language, moods in OTHER_LANGUAGES.items()
        for sentences in moods.values()
        for sentence in sentences
        for product in PRODUCTS
    )
    right = sum(count for (language, said), count in found.items() if language == said)
    assert {said for _, said in found} & {"en", None} == set()
    assert right >= 0.99 * found.total()


def test_made_posts_in_english_are_never_foreign():
    texts = [
        text for kind in (SENTENCES, AFTERTHOUGHTS) for texts in kind.values() for text in texts
    ]
    found = Counter(
        language_of(text.format(p="Lumora", f="the search", w="last night")) for text in texts
    )
    assert set(found) <= {"en", None}
    assert found["en"] >= 0.95 * found.total()


@pytest.mark.skipif(not GOEMOTIONS.is_file(), reason="needs ../shared/data/sentiment/goemotions")
def test_recorded_english_comments_are_hardly_ever_foreign():
    with gzip.open(GOEMOTIONS, "rt", encoding="utf-8") as lines:
        texts = [line.split("\t")[0].replace("[NAME]", "<PERSON>") for line in lines]
    found = Counter(language_of(text) for text in texts)
    foreign = found.total() - found["en"] - found[None]
    assert found["en"] >= 0.94 * found.total()
    assert foreign <= 0.004 * found.total()


def test_stop_words_are_the_language_s():
    assert "the" in stop_words("en")
    assert "nicht" in stop_words("de")
    assert "nicht" not in stop_words("en")
    assert stop_words(None) == stop_words("en")
    assert stop_words("qq") == frozenset()
