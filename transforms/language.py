"""Detect the language of a text; None if it is uncertain.

Two function words decide for most English posts. The other texts are given to py3langid (Lui &
Baldwin, "langid.py: An Off-the-shelf Language Identification Tool", ACL 2012; BSD), which brings
its model and needs neither download nor compiler. If the model is uncertain, function words of the
language that it names must confirm it. On short texts the model names rare languages and confuses
related ones, so there the platform's declaration counts too.
"""

import re
from functools import cache

import stopwordsiso
from py3langid.langid import MODEL_FILE, LanguageIdentifier

from foundation.words import composed, small, word_pattern
from transforms.scripts import fits

# English function words that are not everyday words of another large language, unlike "was",
# "have", "are", "of", "for" and "then".
_ENGLISH_WORDS = """
the and you that it's were with this they them their there what when which would could should
about because don't can't didn't doesn't isn't won't wouldn't couldn't i'm i've i'll i'd you're
we're they're that's what's there's your being just from those into really think know people get
got every after before always too much many
"""
_ENGLISH = frozenset(_ENGLISH_WORDS.split())
_ENOUGH_WORDS = 2
_LOOKED_AT = 240  # characters that are searched for function words
_NOISE = re.compile(rf"https?://\S+|<[A-Z_]+>|[@#\uff03]{word_pattern()}|\bu/{word_pattern()}")
_SEARCHED_FOR_NOISE = 1_000  # characters
_IDENTIFIED = 100  # characters that the model reads: more cost more and change nothing (measured)
# The model's probabilities are low on short texts. From `_SURE` on, 2 in 1,000 answers are wrong.
# From `_LIKELY` on it is as few, if two words are function words of the language (measured).
_SURE = 0.3
_LIKELY = 0.1
# The length of an ISO 639-1 code. Longer labels are pidgins and rare languages, which short slang
# resembles.
_CODE_LETTERS = 2
# Arabic and Chinese as written in Morocco, Egypt, Shanghai and Hong Kong.
_MACRO = {
    "ary": "ar",
    "arz": "ar",
    "wuu": "zh",
    "yue": "zh",
}
# The model takes short English titles of learned words for Latin, and short Hindi for Sanskrit.
_UNSPOKEN = frozenset({"la", "sa", "vo"})  # nobody posts in them, unless the platform says so
# On short texts the platform's language wins if the model gives it at least this share of the
# probability of the model's own answer. The small share is enough between languages that are hard
# to tell apart, and against rare ones. English stays, because platforms often declare the language
# of the interface (measured).
_SHORT = 40  # letters
_SHARE = 0.1
_SMALL_SHARE = 0.02
_ALIKE = tuple(
    frozenset(group.split())
    for group in (
        "hi mr ne sa",
        "bn as",
        "bs hr sr sh sl",
        "id ms jv",
        "no nb nn da sv",
        "be bg mk ru uk",
        "cs sk",
        "es gl pt ca an oc",
        "az tk tr",
        "ar fa ur ps",
        "nl af fy",
        "ja zh",
        "kk ky tt ba uz",
        "he yi",
        "zu xh",
    )
)
_RARE = frozenset(
    {"an", "br", "eo", "fo", "ga", "gd", "gn", "lb", "mt", "oc", "qu", "rw", "se", "wa"}
)
_NAMED = {"nb": "no"}  # the model's label
_RENAMED = {"iw": "he", "in": "id", "ji": "yi", "jw": "jv"}  # old codes, which X still sends
_MARKS = ".,;:!?…\"'()"


def language_of(*texts: str | None, declared: str | None = None) -> str | None:
    """Return the ISO 639-1 code of a post's language; None if it is uncertain.

    Args:
        texts: sanitised texts; the first one whose language is detected decides.
        declared: the language that the platform declares, which is often that of the user's
            interface. It decides if there are too few words to detect, and on short texts between
            similar languages. It does not count for emoji and numbers, or if the text is in
            another script.

    >>> language_of("I think that they really want to know.")
    'en'
    """
    shown = [text for text in texts if text]
    tag = _code(declared)
    for text in shown:
        if code := _identify(text, tag):
            return code
    words = list(filter(None, map(_words, shown)))
    if tag is None or (shown and not words):
        return None
    return tag if fits(tag, " ".join(words)) else None


def stop_words(language: str | None) -> frozenset[str]:
    """Return a language's function words in lower case; none if it has no list.

    If the language is None, they are English.
    """
    return _stop_words(language or "en")


def _identify(text: str, tag: str | None) -> str | None:
    if (
        len(_ENGLISH.intersection(text[:_LOOKED_AT].lower().replace("\u2019", "'").split()))
        >= _ENOUGH_WORDS
    ):
        return "en"
    if not (words := _words(text)):
        return None
    label, probability = _model().classify(words)
    label = _MACRO.get(label, str(label))
    if tag and label not in ("en", tag) and _is_likelier(tag, label, words):
        return tag
    if len(label) != _CODE_LETTERS or label in _UNSPOKEN or probability < _LIKELY:
        return None
    return label if probability >= _SURE or _speak_for(label, words) else None


def _is_likelier(tag: str, label: str, words: str) -> bool:
    """Return whether a short text is likelier in the platform's language than in the model's."""
    if sum(map(str.isalpha, words)) > _SHORT or not fits(tag, words):
        return False
    ranked = _model().rank(words)
    is_near = label in _RARE or any(tag in group and label in group for group in _ALIKE)
    share = _SMALL_SHARE if is_near else _SHARE
    likelihood = dict(ranked).get(_NAMED.get(tag, tag), 0.0)
    return bool(likelihood >= share * ranked[0][1])


def _words(text: str) -> str:
    """Return the text without links, placeholders and handles; empty if it has no letter."""
    words = _NOISE.sub(" ", text[:_SEARCHED_FOR_NOISE]).strip()[:_IDENTIFIED]
    return words if any(map(str.isalpha, words)) else ""


def _speak_for(language: str, text: str) -> bool:
    known = _stop_words(language)
    return sum(word.strip(_MARKS) in known for word in small(text).split()) >= _ENOUGH_WORDS


@cache
def _model() -> LanguageIdentifier:
    """Return the model, loaded once per process: unpacking it takes most of a second."""
    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


@cache
def _stop_words(language: str) -> frozenset[str]:
    known = stopwordsiso.stopwords(language) if stopwordsiso.has_lang(language) else ()
    return frozenset(map(composed, known))


def _code(declared: str | None) -> str | None:
    """Return the language of a tag such as en-US; None if the tag has none."""
    code = declared.replace("_", "-").split("-")[0].lower() if declared else ""
    is_one = len(code) == _CODE_LETTERS and code.isascii() and code.isalpha()
    return _RENAMED.get(code, code) if is_one else None
