"""Export the producers' data about a person: sightings, and parts of landed answers."""

from collections.abc import Iterator, Set
from dataclasses import asdict
from typing import Any

from foundation.keys import PseudonymKey, canonical
from ingestion.platform import Json
from ingestion.reader import SeenPost
from ingestion.recordings.landing import Landing
from ingestion.state.store import IngestStore


def seen_posts_of(
    store: IngestStore,
    author_id: str,
    post_keys: Set[str],
    *,
    key: PseudonymKey,
    owner: str,
    platform: str,
) -> list[dict[str, Any]]:
    """Return the sightings of posts whose ids have one of these pseudonyms, as JSON objects.

    It adds posts whose id names the author, as on Bluesky and Mastodon, since sightings may
    outlive the rows with the pseudonyms.
    """
    named = f"{canonical(author_id)}/"

    def is_theirs(sighting: SeenPost) -> bool:
        return named in canonical(sighting.post_id) or not post_keys.isdisjoint(
            key.post_keys(owner, platform, sighting.post_id)
        )

    return [asdict(sighting) for sighting in store.all_seen_posts() if is_theirs(sighting)]


def landed_answers_of(landing: Landing, author_id: str) -> list[dict[str, Json]]:
    """Return the parts of landed answers that name the author, each with its file and endpoint."""
    author = canonical(author_id)
    return [
        {
            "file": path,
            "endpoint": line["endpoint"],
            "observed_at": line["observed_at"],
            "part": part,
        }
        for path, line in landing.lines()
        for part in _about(line["body"], author)
    ]


def _about(node: Json, author: str) -> list[Json]:
    """Return the outermost objects that hold the author's id, without the rest of their lists."""
    if isinstance(node, list):
        return [part for item in node for part in _about(item, author)]
    if not isinstance(node, dict):
        return []
    return (
        [node]
        if _names(node, author)
        else [part for below in _lists(node) for part in _about(below, author)]
    )


def _names(node: dict[str, Json], author: str) -> bool:
    return any(
        canonical(value) == author
        if isinstance(value, str)
        else isinstance(value, dict) and _names(value, author)
        for value in node.values()
    )


def _lists(node: dict[str, Json]) -> Iterator[Json]:
    for value in node.values():
        if isinstance(value, list):
            yield value
        elif isinstance(value, dict):
            yield from _lists(value)
