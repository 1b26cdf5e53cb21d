"""Amazon Comprehend: BatchDetectSentiment, its four labels included, within a monthly budget.

https://docs.aws.amazon.com/comprehend/latest/APIReference/API_BatchDetectSentiment.html. Its texts leave the machine:
they are sanitised before they are scored, as all are.
"""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from foundation.errors import SettingsError
from foundation.settings import ComprehendSettings
from transforms.scoring.budget import Budget, MonthlyBudget
from transforms.scoring.refusals import service_refused
from transforms.scoring.score import Label, Score, ScorerOptions

# https://docs.aws.amazon.com/comprehend/latest/dg/supported-languages.html
LANGUAGES = frozenset({"ar", "de", "en", "es", "fr", "hi", "it", "ja", "ko", "pt", "zh"})
_API = "2017-11-27"
_MOST_TEXTS, _MOST_BYTES = 25, 5_000  # of a call, of a text in UTF-8
_UNIT_CHARACTERS, _LEAST_UNITS = 100, 3  # what is paid for: https://aws.amazon.com/comprehend/pricing/
_ITEM_ATTEMPTS = 3  # of a text that failed while others of its call did not
_ITEM_WAIT_S = 0.2
_LABELS: dict[str, Label] = {
    "POSITIVE": "positive", "NEGATIVE": "negative", "NEUTRAL": "neutral", "MIXED": "mixed"
}  # fmt: skip
_NO_SCORE = Score(None, None)


class ComprehendScorer:
    """`compound` is P(positive) - P(negative), `confidence` the label's probability by Amazon's word.

    A text beyond 5,000 bytes is cut there; one that Comprehend refuses alone, or a blank one, gets no label.
    """

    name = "comprehend"

    def __init__(self, client: Any, budget: Budget, *, usd_per_unit: float, language: str) -> None:
        self.languages = frozenset({language})
        self.version = f"{_API}-{language}"
        self._client, self._budget, self._usd_per_unit, self._language = client, budget, usd_per_unit, language

    def score(self, texts: Sequence[str]) -> list[Score]:
        """The scores, in the order of the texts.

        Raises:
            ScorerBudgetError: the month's budget is used up.
            ScorerServiceError: Comprehend does not answer, or refuses the call.
        """
        scores = [_NO_SCORE] * len(texts)
        waiting = [place for place, text in enumerate(texts) if text.strip()]
        for attempt in range(_ITEM_ATTEMPTS):
            if attempt and waiting:
                time.sleep(_ITEM_WAIT_S * 2**attempt)
            for place, score in self._scored(texts, waiting):
                scores[place] = score
            waiting = [place for place in waiting if scores[place] is _NO_SCORE]
        return scores

    def _scored(self, texts: Sequence[str], places: list[int]) -> Iterator[tuple[int, Score]]:
        for start in range(0, len(places), _MOST_TEXTS):
            group = places[start : start + _MOST_TEXTS]
            for found in self._call([_cut(texts[place]) for place in group]):
                yield group[found["Index"]], _score(found)

    def _call(self, texts: list[str]) -> list[dict[str, Any]]:
        prices = [self._usd_per_unit * _units(text) for text in texts]
        self._budget.take(sum(prices))
        unspent = sum(prices)
        try:
            answer = self._client.batch_detect_sentiment(TextList=texts, LanguageCode=self._language)
            unspent = sum(prices[failed["Index"]] for failed in answer["ErrorList"])
        except (BotoCoreError, ClientError) as error:  # botocore has tried again by then
            raise service_refused("Amazon Comprehend", _code(error)) from None  # its message could quote the call
        finally:
            if unspent:
                self._budget.give_back(unspent)
        results: list[dict[str, Any]] = answer["ResultList"]
        return results


def load(options: ScorerOptions) -> ComprehendScorer:
    """The scorer of the options' language.

    Raises:
        SettingsError: Comprehend does not know the language, or no region is set.
    """
    settings = options.comprehend
    if options.language not in LANGUAGES:
        raise SettingsError(
            f"Amazon Comprehend has no sentiment for language {options.language}",
            remedy=f"Name it in scorer.by_language for some of: {', '.join(sorted(LANGUAGES))}",
        )
    budget = MonthlyBudget(Path(options.state_dir) / "comprehend.json", settings.max_usd_per_month)
    return ComprehendScorer(
        make_client(settings), budget, usd_per_unit=settings.usd_per_unit, language=options.language
    )


def make_client(settings: ComprehendSettings) -> Any:
    """A client of Comprehend; `Any` stands for botocore's generated class.

    Raises:
        SettingsError: no region is set.
    """
    retries = Config(retries={"mode": "standard", "total_max_attempts": settings.attempts})
    try:
        return boto3.client(
            "comprehend",
            region_name=settings.region or None,
            endpoint_url=settings.endpoint or None,
            config=retries,
        )
    except BotoCoreError as error:
        raise SettingsError(
            f"Amazon Comprehend: {_code(error)}", remedy="Set scorer.comprehend.region, or AWS_REGION"
        ) from None


def _score(found: dict[str, Any]) -> Score:
    chances: dict[str, float] = found["SentimentScore"]
    label = _LABELS[found["Sentiment"]]
    return Score(label, round(chances["Positive"] - chances["Negative"], 4), round(chances[label.title()], 4))


def _cut(text: str) -> str:
    return text.encode()[:_MOST_BYTES].decode(errors="ignore")


def _units(text: str) -> int:
    return max(_LEAST_UNITS, -(-len(text) // _UNIT_CHARACTERS))


def _code(error: BotoCoreError | ClientError) -> str:
    """What went wrong, without the words of the call."""
    return str(error.response["Error"]["Code"]) if isinstance(error, ClientError) else type(error).__name__
