"""Find the key phrases of a text by RAKE, with the language's own function words.

Function words and punctuation cut a text into phrases. A word's weight is its degree divided by its
frequency, and a phrase's weight is the sum over its words. Source: Rose, Engel, Cramer & Cowley,
"Automatic Keyword Extraction from Individual Documents", in: Text Mining, Wiley 2010.
"""

import re
from collections.abc import Iterable

from foundation.words import small, word_pattern
from transforms.language import stop_words

MOST = 5  # phrases per post
_MOST_WORDS = 4  # of a phrase: longer ones are sentences without function words
_LOOKED_AT = 2_000  # characters per text
_FEWEST_LETTERS = 3  # of a phrase of one word
_MOST_LETTERS = 40  # of a word
_WORD = word_pattern(r"[^\W_]")
# It reads lower case. A placeholder, link, hashtag, handle or punctuation mark ends a phrase.
_TOKEN = re.compile(
    rf"<[a-z_]+>|https?://\S+|[@#\uff03\uff20](?:{word_pattern()})?"
    rf"|{_WORD}(?:['.\-]{_WORD})*+|[^\s\w<@#\uff03\uff20]+|[_<]"
)
# Languages without spaces: the text between two punctuation marks is no word.
_SPACELESS = frozenset({"ja", "km", "lo", "my", "th", "zh"})

Phrase = tuple[str, ...]  # words, lower case


def key_phrases(texts: Iterable[str | None], language: str | None) -> list[str]:
    """Return the heaviest phrases of sanitised texts, in lower case and NFC, at most `MOST`.

    If the language's function words are unknown, there are none.

    Args:
        texts: title and text.
        language: ISO 639-1; None counts as English.
    """
    known = stop_words(language)
    if not known or language in _SPACELESS:
        return []
    phrases = [phrase for text in texts if text for phrase in _phrases(text[:_LOOKED_AT], known)]
    weights = _weights(phrases)
    # The sort is stable: of equal phrases, the first in the text comes first.
    heaviest = sorted(weights, key=weights.__getitem__, reverse=True)
    return [" ".join(phrase) for phrase in heaviest[:MOST]]


def _weights(phrases: list[Phrase]) -> dict[Phrase, float]:
    words = [word for phrase in phrases for word in phrase]
    if len(set(words)) == len(words):  # most posts repeat no word, so the formula becomes this
        return {phrase: len(phrase) ** 2 for phrase in phrases}
    times: dict[str, int] = {}
    degree: dict[str, int] = {}
    for phrase in phrases:
        for word in phrase:
            times[word] = times.get(word, 0) + 1
            degree[word] = degree.get(word, 0) + len(phrase)
    return {phrase: sum(degree[word] / times[word] for word in phrase) for phrase in phrases}


def _phrases(text: str, stops: frozenset[str]) -> list[Phrase]:
    phrases: list[Phrase] = []
    words: list[str] = []
    for word in _TOKEN.findall(small(text).replace("\u2019", "'")):
        if (
            word[0].isalnum()
            and word not in stops
            and len(word) <= _MOST_LETTERS
            and "/" not in word
        ):
            words.append(word)
        elif words:
            if _is_phrase(words):
                phrases.append(tuple(words))
            words = []
    if _is_phrase(words):
        phrases.append(tuple(words))
    return phrases


def _is_phrase(words: list[str]) -> bool:
    if len(words) == 1:
        return len(words[0]) >= _FEWEST_LETTERS and not words[0][0].isdigit()
    return 1 < len(words) <= _MOST_WORDS
