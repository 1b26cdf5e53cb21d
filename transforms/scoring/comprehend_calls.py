"""Call Amazon Comprehend's batch operations: 25 texts a call, cut, retried, within a budget.

Source: https://docs.aws.amazon.com/comprehend/latest/APIReference/API_BatchDetectSentiment.html and
the pages of the other operations. The texts leave the machine; they were sanitised before.
"""

import time
from collections.abc import Iterator, Sequence
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from foundation.errors import SettingsError
from foundation.sections import ComprehendSettings
from transforms.scoring.budget import Budget
from transforms.scoring.refusals import service_refused

# The languages of both sentiment and entities:
# https://docs.aws.amazon.com/comprehend/latest/dg/supported-languages.html
LANGUAGES = frozenset({"ar", "de", "en", "es", "fr", "hi", "it", "ja", "ko", "pt", "zh"})
_MOST_TEXTS = 25  # per call
_MOST_BYTES = 5_000  # per text, in UTF-8
# The unit of billing: https://aws.amazon.com/comprehend/pricing/
_UNIT_CHARACTERS = 100
_LEAST_UNITS = 3  # per text
_ATTEMPTS = 3  # of a text that failed while others of its call did not
_WAIT_S = 0.2

Result = dict[str, Any]  # an item of Comprehend's ResultList


class ComprehendCalls:
    """Calls Comprehend for texts in one language; loaded once per process, as it takes a while."""

    def __init__(self, client: Any, budget: Budget, *, usd_per_unit: float, language: str) -> None:
        self._client = client
        self._budget = budget
        self._usd_per_unit = usd_per_unit
        self.language = language

    def results(self, operation: str, texts: Sequence[str]) -> list[Result | None]:
        """Return the operation's result for each text; None if it is blank or keeps failing.

        A text of more than 5,000 bytes is cut there.

        Args:
            operation: botocore's name of a batch operation.
            texts: any number of texts.

        Raises:
            ScorerBudgetError: the month's budget is used up.
            ScorerServiceError: Comprehend does not answer, or refuses the call.
        """
        answers: dict[int, Result] = {}
        waiting = [place for place, text in enumerate(texts) if text.strip()]
        for attempt in range(_ATTEMPTS):
            if attempt and waiting:
                time.sleep(_WAIT_S * 2**attempt)
            answers |= dict(self._attempt(operation, texts, waiting))
            waiting = [place for place in waiting if place not in answers]
        return [answers.get(place) for place in range(len(texts))]

    def _attempt(
        self, operation: str, texts: Sequence[str], places: list[int]
    ) -> Iterator[tuple[int, Result]]:
        for start in range(0, len(places), _MOST_TEXTS):
            group = places[start : start + _MOST_TEXTS]
            for result in self._call(operation, [_cut(texts[place]) for place in group]):
                yield group[result["Index"]], result

    def _call(self, operation: str, texts: list[str]) -> list[Result]:
        prices = [self._usd_per_unit * _units(text) for text in texts]
        self._budget.take(sum(prices))
        unspent = sum(prices)
        try:
            answer = getattr(self._client, operation)(TextList=texts, LanguageCode=self.language)
            unspent = sum(prices[failed["Index"]] for failed in answer["ErrorList"])
        except (BotoCoreError, ClientError) as error:  # after botocore's own retries
            # The cause is left out, because its message could quote a text.
            raise service_refused("Amazon Comprehend", _code(error)) from None
        finally:
            if unspent:
                self._budget.give_back(unspent)
        results: list[Result] = answer["ResultList"]
        return results


def make_client(settings: ComprehendSettings) -> Any:
    """Create a client of Comprehend, typed as Any because botocore generates its class.

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
            f"Amazon Comprehend: {_code(error)}",
            remedy="Set scorer.comprehend.region, or AWS_REGION",
        ) from None


def _cut(text: str) -> str:
    return text.encode()[:_MOST_BYTES].decode(errors="ignore")


def _units(text: str) -> int:
    return max(_LEAST_UNITS, -(-len(text) // _UNIT_CHARACTERS))


def _code(error: BotoCoreError | ClientError) -> str:
    """Return the error's code, which quotes nothing of the call."""
    return (
        str(error.response["Error"]["Code"])
        if isinstance(error, ClientError)
        else type(error).__name__
    )
