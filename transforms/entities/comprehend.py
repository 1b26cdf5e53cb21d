"""Find entities with Amazon Comprehend's BatchDetectEntities.

Source: https://docs.aws.amazon.com/comprehend/latest/dg/how-entities.html
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from transforms.entities.entity import Entity, EntityOptions, Kind, Words, distinct
from transforms.scoring.budget import Budget, MonthlyBudget
from transforms.scoring.comprehend_calls import LANGUAGES, ComprehendCalls, Result, make_client

# PERSON is left out for privacy; dates, quantities and other types are no names of things.
_KINDS: dict[str, Kind] = {
    "ORGANIZATION": "organisation",
    "COMMERCIAL_ITEM": "product",
    "LOCATION": "place",
}


class ComprehendEntities:
    """Asks Comprehend for the entities of texts, separately for each language among them."""

    def __init__(self, client: Any, budget: Budget, usd_per_unit: float) -> None:
        self._client = client
        self._budget = budget
        self._usd_per_unit = usd_per_unit

    def find(self, texts: Sequence[Words]) -> list[list[Entity] | None]:
        entities: list[list[Entity] | None] = [None] * len(texts)
        by_language: dict[str, list[int]] = {}
        for place, words in enumerate(texts):
            if words.language in LANGUAGES:
                by_language.setdefault(words.language or "", []).append(place)
        for language, places in by_language.items():
            calls = ComprehendCalls(
                self._client, self._budget, usd_per_unit=self._usd_per_unit, language=language
            )
            results = calls.results(
                "batch_detect_entities", [texts[place].text for place in places]
            )
            for place, result in zip(places, results, strict=True):
                entities[place] = _entities(result) if result else None
        return entities


def load(options: EntityOptions) -> ComprehendEntities:
    """Return the finder, with its monthly budget.

    Raises:
        SettingsError: no region is set.
    """
    settings = options.comprehend
    budget = MonthlyBudget(Path(options.state_dir) / "comprehend.json", settings.max_usd_per_month)
    return ComprehendEntities(make_client(settings), budget, settings.usd_per_unit)


def _entities(result: Result) -> list[Entity]:
    named = [
        Entity(entity["Text"], _KINDS[entity["Type"]], round(entity["Score"], 4))
        for entity in result["Entities"]
        if entity["Type"] in _KINDS and not _is_placeholder(entity["Text"])
    ]
    return distinct(named)


def _is_placeholder(text: str) -> bool:
    """Return whether a text is a placeholder of the sanitizer or a part of one: <EMAIL>, EMAIL>."""
    return "<" in text or ">" in text
