"""Score texts for the API and its jobs exactly as the pipeline does: sanitise, then score.

The sanitizer's time limit is a Unix signal, so it works only in the main thread.
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
    language: str | None = None  # a hint for the detector, like a platform's
    sanitise: bool = True


@dataclass(frozen=True, slots=True)
class Scored:
    """A text's sentiment, its language, and the number of personal data found by kind."""

    sentiment: Sentiment
    language: str | None
    pii: dict[str, int]


Outcome = Scored | Reason


class Ready(NamedTuple):
    """A sanitised text whose language is known."""

    post: Post
    pii: dict[str, int]


class TextScorer:
    """Holds the scorers, the sanitizer and the language model, which are loaded once.

    >>> outcomes = TextScorer(Settings()).score([Text("I love it")])
    """

    def __init__(self, settings: Settings, *, max_seconds: float | None = None) -> None:
        """Load all models, which takes seconds.

        Args:
            settings: the settings of the pipeline.
            max_seconds: CPU seconds that the sanitizer may spend on a text, if less than its own
                setting.

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
        """Return each text's sentiment, or the reason why it has none, in the order of `texts`."""
        return self.scored(self.ready(texts))

    def ready(self, texts: Sequence[Text]) -> list[Ready | Reason]:
        """Sanitise texts and detect their languages. Call it in the main thread only."""
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
        """Return the sentiments of prepared texts. Any thread may call it.

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
    except Exception:  # a library fails on some texts, and the pipeline does the same
        return Reason.ANALYSIS_FAILED
    return Ready(Post(scored_text(None, clean.text), language), clean.counts)


def _outcome(text: Ready, sentiment: Sentiment | None) -> Outcome:
    if sentiment is None:
        return Reason.SCORER_FAILED
    return Scored(sentiment, text.post.language, text.pii)
