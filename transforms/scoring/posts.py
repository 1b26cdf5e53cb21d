"""Give posts their sentiment: each by the scorer of its language, or no label and the reason.

New posts and posts that are scored again go through the same code.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from foundation.errors import EchoStreamError
from schemas.reasons import Unscored
from transforms.scoring.registry import load_scorer
from transforms.scoring.score import Score, Scorer, ScorerOptions

Sentiment = dict[str, Any]  # silver.posts.sentiment by field name


class Post(NamedTuple):
    """The input of a scorer: a sanitised text, and its language if it is known."""

    text: str | None
    language: str | None


class Scorers:
    """The scorer of each language, loaded once per process."""

    def __init__(self, options: ScorerOptions) -> None:
        common = replace(options, by_language=())
        self.default: Scorer = load_scorer(common)
        self._by_language: dict[str, Scorer] = {
            code: load_scorer(replace(common, name=name, language=code))
            for code, name in options.by_language
        }

    def of(self, language: str | None) -> Scorer:
        """Return the scorer of a language, or the default one if the language has none."""
        return self._by_language.get(language, self.default) if language else self.default

    @property
    def versions(self) -> dict[str | None, tuple[str, str]]:
        """Return name and version of the scorer by language; under None, those of the default."""
        by_language: dict[str | None, tuple[str, str]] = {
            None: (self.default.name, self.default.version)
        }
        return by_language | {
            code: (scorer.name, scorer.version) for code, scorer in self._by_language.items()
        }


def scored_text(title: str | None, text: str | None) -> str | None:
    """Return the text that is scored: title, blank line and text, as far as they exist."""
    parts = [part for part in (title, text) if part]
    return "\n\n".join(parts) if parts else None


def sentiments(posts: Sequence[Post], scorers: Scorers) -> list[Sentiment | None]:
    """Return each post's sentiment, in their order; None if the scorer fails on its text."""
    scored: list[Sentiment | None] = [None] * len(posts)
    waiting: dict[int, tuple[Scorer, list[int]]] = {}
    for place, post in enumerate(posts):
        scorer = scorers.of(post.language)
        if reason := _reason(post, scorer):
            scored[place] = _sentiment(scorer, None, reason)
        else:
            waiting.setdefault(id(scorer), (scorer, []))[1].append(place)
    for scorer, places in waiting.values():
        texts = [posts[place].text or "" for place in places]
        for place, score in zip(places, _scores(texts, scorer), strict=True):
            scored[place] = None if score is None else _sentiment(scorer, score, _abstained(score))
    return scored


def _reason(post: Post, scorer: Scorer) -> Unscored | None:
    if not post.text:
        return Unscored.NO_TEXT
    # A text of unknown language is scored: most are a few words or emoji, and most of these are in
    # the scorer's language.
    is_foreign = post.language and scorer.languages and post.language not in scorer.languages
    return Unscored.LANGUAGE if is_foreign else None


def _abstained(score: Score) -> Unscored | None:
    return Unscored.ABSTAINED if score.label is None else None


def _scores(texts: list[str], scorer: Scorer) -> list[Score | None]:
    try:
        return [*scorer.score(texts)]
    except EchoStreamError:  # not because of a text: a limit is reached, or a service refuses
        raise
    except Exception:  # any error of a scorer: find the texts that it cannot score
        return [_score_alone(text, scorer) for text in texts]


def _score_alone(text: str, scorer: Scorer) -> Score | None:
    try:
        return scorer.score([text])[0]
    except EchoStreamError:
        raise
    except Exception:  # the scorer fails on this text
        return None


def _sentiment(scorer: Scorer, score: Score | None, reason: Unscored | None) -> Sentiment:
    return {
        "label": score.label if score else None,
        "compound": score.compound if score else None,
        "confidence": score.confidence if score else None,
        "scorer": scorer.name,
        "scorer_version": scorer.version,
        "reason": reason.value if reason else None,
    }
