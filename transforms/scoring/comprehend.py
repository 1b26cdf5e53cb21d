"""Score with Amazon Comprehend's BatchDetectSentiment and its four labels, within a budget.

Source: https://docs.aws.amazon.com/comprehend/latest/APIReference/API_BatchDetectSentiment.html
"""

from collections.abc import Sequence
from pathlib import Path

from foundation.errors import SettingsError
from transforms.scoring.budget import MonthlyBudget
from transforms.scoring.comprehend_calls import LANGUAGES, ComprehendCalls, Result, make_client
from transforms.scoring.score import Label, Score, ScorerOptions

_API = "2017-11-27"
_LABELS: dict[str, Label] = {
    "POSITIVE": "positive",
    "NEGATIVE": "negative",
    "NEUTRAL": "neutral",
    "MIXED": "mixed",
}


class ComprehendScorer:
    """Scores texts: `compound` is P(positive) - P(negative), `confidence` is Amazon's.

    A text that is blank, or that Comprehend refuses even alone, gets no label.
    """

    name = "comprehend"

    def __init__(self, calls: ComprehendCalls) -> None:
        self.languages = frozenset({calls.language})
        self.version = f"{_API}-{calls.language}"
        self._calls = calls

    def score(self, texts: Sequence[str]) -> list[Score]:
        """Return the scores, in the order of the texts.

        Raises:
            ScorerBudgetError: the month's budget is used up.
            ScorerServiceError: Comprehend does not answer, or refuses the call.
        """
        results = self._calls.results("batch_detect_sentiment", texts)
        return [_score(result) if result else Score(None, None) for result in results]


def load(options: ScorerOptions) -> ComprehendScorer:
    """Return the scorer for the options' language.

    Raises:
        SettingsError: Comprehend does not know the language, or no region is set.
    """
    settings = options.comprehend
    language = options.language
    if language not in LANGUAGES:
        raise SettingsError(
            f"Amazon Comprehend has no sentiment for language {language}",
            remedy=f"In scorer.by_language, use it for some of: {', '.join(sorted(LANGUAGES))}",
        )
    budget = MonthlyBudget(Path(options.state_dir) / "comprehend.json", settings.max_usd_per_month)
    client = make_client(settings)
    return ComprehendScorer(
        ComprehendCalls(client, budget, usd_per_unit=settings.usd_per_unit, language=language)
    )


def _score(result: Result) -> Score:
    chances: dict[str, float] = result["SentimentScore"]
    label = _LABELS[result["Sentiment"]]
    return Score(
        label, round(chances["Positive"] - chances["Negative"], 4), round(chances[label.title()], 4)
    )
