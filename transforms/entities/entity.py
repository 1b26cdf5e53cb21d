"""Define the interface of entity finders: organisations, products and places in a text."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

from foundation.sections import ComprehendSettings
from foundation.settings import Settings

Kind = Literal["organisation", "product", "place"]

MOST = 20  # different entities per post


class Entity(NamedTuple):
    """A name as the text has it; `confidence` is the finder's own, from 0 to 1."""

    text: str
    kind: Kind
    confidence: float


class Words(NamedTuple):
    """A sanitised text, and its language if that is known."""

    text: str
    language: str | None


class EntityFinder(Protocol):
    """Finds entities in texts, but never persons; a worker loads it once."""

    def find(self, texts: Sequence[Words]) -> list[list[Entity] | None]:
        """Return each text's entities; None if the finder does not know the text's language."""
        ...


@dataclass(frozen=True, slots=True)
class EntityOptions:
    """Options of a finder.

    Spark sends them to the workers and a cache uses them as key, so they are frozen and hold no
    secret.
    """

    name: str
    comprehend: ComprehendSettings
    state_dir: str

    @classmethod
    def of(cls, settings: Settings) -> "EntityOptions | None":
        """Return the options of the settings; None if no entities are wanted."""
        if not settings.entities.finder:
            return None
        return cls(
            settings.entities.finder, settings.scorer.comprehend, str(settings.home / "budgets")
        )


def distinct(entities: Sequence[Entity]) -> list[Entity]:
    """Return each name and kind once, with its best confidence, in the text's order."""
    best: dict[tuple[str, Kind], Entity] = {}
    for entity in entities:
        key = (entity.text.lower(), entity.kind)
        if key not in best or entity.confidence > best[key].confidence:
            best[key] = (
                entity if key not in best else best[key]._replace(confidence=entity.confidence)
            )
    return list(best.values())[:MOST]
