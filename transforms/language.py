"""The language of a text, or none when unsure.

Most English posts answer by two function words; the rest go to py3langid (Lui & Baldwin, "langid.py: An Off-the-shelf
Language Identification Tool", ACL 2012; BSD), which brings its model and needs neither download nor compiler. Where
the model is not sure by itself, function words of the language that it names must speak for it.
"""

import re
from functools import cache

import stopwordsiso
from py3langid.langid import MODEL_FILE, LanguageIdentifier

from foundation.words import composed, small, word_pattern

# English, and not everyday words of another large language, as "was", "have", "are", "of", "for", "then" are.
_ENGLISH_WORDS = """the and you that it's were with this they them their there what when which would could should about
 because don't can't didn't doesn't isn't won't wouldn't couldn't i'm i've i'll i'd you're we're they're that's what's
 there's your being just from those into really think know people get got every after before always too much many"""
_ENGLISH = frozenset(_ENGLISH_WORDS.split())
_ENOUGH_WORDS = 2
_LOOKED_AT = 240  # characters, for function words
_NOISE = re.compile(rf"https?://\S+|<[A-Z_]+>|[@#\uff03]{word_pattern()}|\bu/{word_pattern()}")
_SEARCHED_FOR_NOISE = 1_000  # characters
_IDENTIFIED = 100  # characters that the model sees: more cost more and change nothing (measured)
# The model's probabilities are low on short texts. From the first on, 2 in 1,000 are wrong; from the second on as few,
# where two of the words are function words of that language (measured).
_SURE, _LIKELY = 0.3, 0.1
_CODE_LETTERS = 2  # ISO 639-1; the longer labels are pidgins and rare languages, which short slang resembles
_MACRO = {"ary": "ar", "arz": "ar", "wuu": "zh", "yue": "zh"}  # as written in Morocco, Egypt, Shanghai, Hong Kong
_UNSPOKEN = "la"  # the model takes short English titles of learned words for Latin, which nobody posts in
_MARKS = ".,;:!?…\"'()"


def language_of(*texts: str | None, said: str | None = None) -> str | None:
    """The ISO 639-1 code of a post's language; None when unsure.

    Args:
        texts: sanitised; the first one that tells decides.
        said: what the platform says, which is often its user's interface: it decides where there are words, but too
            few to tell. Emoji and numbers are of no language.
    """
    shown = [text for text in texts if text]
    for text in shown:
        if code := _identify(text):
            return code
    return None if shown and not any(map(_words, shown)) else _code(said)


def stop_words(language: str | None) -> frozenset[str]:
    """A language's function words, lower case; English ones where the language is unknown, none where they are."""
    return _stop_words(language or "en")


def _identify(text: str) -> str | None:
    if len(_ENGLISH.intersection(text[:_LOOKED_AT].lower().replace("\u2019", "'").split())) >= _ENOUGH_WORDS:
        return "en"
    if not (words := _words(text)):
        return None
    label, probability = _model().classify(words)
    label = _MACRO.get(label, str(label))
    if len(label) != _CODE_LETTERS or label == _UNSPOKEN or probability < _LIKELY:
        return None
    return label if probability >= _SURE or _speak_for(label, words) else None


def _words(text: str) -> str:
    """The text without what is no word; empty where nothing in it is a letter."""
    words = _NOISE.sub(" ", text[:_SEARCHED_FOR_NOISE]).strip()[:_IDENTIFIED]
    return words if any(map(str.isalpha, words)) else ""


def _speak_for(language: str, text: str) -> bool:
    known = _stop_words(language)
    return sum(found.strip(_MARKS) in known for found in small(text).split()) >= _ENOUGH_WORDS


@cache
def _model() -> LanguageIdentifier:
    """One per process: unpacking it takes most of a second."""
    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


@cache
def _stop_words(language: str) -> frozenset[str]:
    known = stopwordsiso.stopwords(language) if stopwordsiso.has_lang(language) else ()
    return frozenset(map(composed, known))


def _code(said: str | None) -> str | None:
    """The language of a tag such as en-US."""
    code = said.replace("_", "-").split("-")[0].lower() if said else ""
    return code if len(code) == _CODE_LETTERS and code.isascii() and code.isalpha() else None
