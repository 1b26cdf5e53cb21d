"""Add entities to refined rows."""

from typing import Any

from transforms.entities.entity import EntityFinder, Words
from transforms.scoring.posts import scored_text


def name_entities(rows: list[dict[str, Any]], finder: EntityFinder) -> None:
    """Add `entities` to the upserts among the rows, in place.

    They are null if the finder does not know the language.
    """
    live = [row for row in rows if row.get("op") == "upsert"]
    texts = [Words(scored_text(row["title"], row["text"]) or "", row["lang"]) for row in live]
    for row, entities in zip(live, finder.find(texts), strict=True):
        row["entities"] = None if entities is None else [entity._asdict() for entity in entities]
