"""Texts to sentiments exactly as the pipeline makes them: sanitised first, scored after.

For the API and its jobs. The sanitizer's limit of time is a signal: it works in the main thread.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from foundation.settings import Settings
from schemas.reasons import Reason
from transforms.controls import without_controls
from transforms.language import language_of
from transforms.pii.options import Options
from transforms.pii.sanitizer import Clean, Content, load_sanitizer
from transforms.scoring.posts import Post, Scorers, Sentiment, scored_text, sentiments
from transforms.scoring.score import ScorerOptions


@dataclass(frozen=True, slots=True)
class Text:
    """A text to score."""

    text: str
    language: str | None = None  # a hint, as a platform's word is one
    sanitise: bool = True


@dataclass(frozen=True, slots=True)
class Scored:
    """A text's sentiment, its language, and how often which personal data was found."""

    sentiment: Sentiment
    language: str | None
    pii: dict[str, int]


Outcome = Scored | Reason


class Ready(NamedTuple):
    """A sanitised text whose language is known."""

    post: Post
    pii: dict[str, int]


class TextScorer:
    """Scorers, sanitizer and the model of languages, loaded once."""

    def __init__(self, settings: Settings, *, max_seconds: float | None = None) -> None:
        """Load everything that scoring needs, which takes some seconds.

        Args:
            settings: those of the pipeline.
            max_seconds: of CPU time a text, where it is less than the sanitizer's setting.

        Raises:
            SettingsError, ScorerError: the scorer or the sanitizer cannot be used.
        """
        options = Options.of(settings.sanitizer)
        if max_seconds is not None:
            options = replace(options, max_seconds=min(options.max_seconds, max_seconds))
        self._scorers = Scorers(ScorerOptions.of(settings.scorer, home=settings.home))
        self._sanitizer = load_sanitizer(options)
        language_of("der Himmel ist heute blau")  # not English: it loads the model

    def score(self, texts: Sequence[Text]) -> list[Outcome]:
        """Return each text's sentiment, or why it has none, in their order."""
        return self.scored(self.ready(texts))

    def ready(self, texts: Sequence[Text]) -> list[Ready | Reason]:
        """Return the texts as they are scored; in the main thread alone."""
        plain = [without_controls(text.text) for text in texts]
        dirty = [at for at, text in enumerate(texts) if text.sanitise]
        contents = [Content(None, plain[at], [], []) for at in dirty]
        cleaned: dict[int, Clean | None] = dict(
            zip(dirty, self._sanitizer.clean(contents) if contents else [], strict=True)
        )
        return [
            _ready(text, cleaned.get(at) if text.sanitise else Clean(None, plain[at], [], {}))
            for at, text in enumerate(texts)
        ]

    def scored(self, texts: Sequence[Ready | Reason]) -> list[Outcome]:
        """Return the sentiments of texts that are ready; in any thread.

        Raises:
            ScorerError: a limit is reached, or a service refuses.
        """
        posts = [text.post for text in texts if isinstance(text, Ready)]
        made = iter(sentiments(posts, self._scorers))
        return [text if isinstance(text, Reason) else _outcome(text, next(made)) for text in texts]


def _ready(text: Text, clean: Clean | None) -> Ready | Reason:
    if clean is None:
        return Reason.SANITIZER_FAILED
    try:
        language = language_of(clean.text, None, declared=text.language)
    except Exception:  # a library that stumbles over a text, as in the pipeline
        return Reason.ANALYSIS_FAILED
    return Ready(Post(scored_text(None, clean.text), language), clean.counts)


def _outcome(text: Ready, sentiment: Sentiment | None) -> Outcome:
    if sentiment is None:
        return Reason.SCORER_FAILED
    return Scored(sentiment, text.post.language, text.pii)
