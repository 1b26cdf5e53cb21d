"""What every finder of entities is: organisations, products and places that a sanitised text names."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

from foundation.sections import ComprehendSettings
from foundation.settings import Settings

Kind = Literal["organisation", "product", "place"]

MOST = 20  # different ones of a post


class Entity(NamedTuple):
    """A name as the text has it; `confidence` by the finder's own word, from 0 to 1."""

    text: str
    kind: Kind
    confidence: float


class Words(NamedTuple):
    """A sanitised text, and its language where that is known."""

    text: str
    language: str | None


class EntityFinder(Protocol):
    """Loaded once per worker; persons are never among the answers."""

    def find(self, texts: Sequence[Words]) -> list[list[Entity] | None]:
        """The entities of each text, in their order; None where the finder does not know its language, or gave up."""
        ...


@dataclass(frozen=True, slots=True)
class EntityOptions:
    """What a finder is made from; travels to the workers and keys the cache, so it is frozen and holds no secret."""

    name: str
    comprehend: ComprehendSettings
    state_dir: str

    @classmethod
    def of(cls, settings: Settings) -> "EntityOptions | None":
        """The options that the settings say; None where nobody asked for entities."""
        if not settings.entities.finder:
            return None
        return cls(
            settings.entities.finder, settings.scorer.comprehend, str(settings.home / "budgets")
        )


def distinct(entities: Sequence[Entity]) -> list[Entity]:
    """Each name and kind once, by its best confidence, in the order of the text; at most `MOST`."""
    best: dict[tuple[str, Kind], Entity] = {}
    for entity in entities:
        key = (entity.text.lower(), entity.kind)
        if key not in best or entity.confidence > best[key].confidence:
            best[key] = (
                entity if key not in best else best[key]._replace(confidence=entity.confidence)
            )
    return list(best.values())[:MOST]
