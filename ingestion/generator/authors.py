"""Make authors whose handles and names all hold the word canary, so that a search finds leaks."""

from dataclasses import dataclass
from functools import lru_cache

from ingestion.generator.seeded_random import base36, new_random, pick

_SYLLABLES = (
    "mi",
    "re",
    "la",
    "von",
    "tu",
    "kes",
    "dra",
    "no",
    "bel",
    "zi",
    "or",
    "fa",
    "lun",
    "pe",
    "sko",
    "wy",
)


@dataclass(frozen=True, slots=True)
class Author:
    """A made author on one platform."""

    id: str
    handle: str
    name: str


@lru_cache(maxsize=8192)
def author_at(seed: int, platform: str, index: int) -> Author:
    """Return the author of a platform with this index; the same seed makes the same author."""
    rng = new_random(f"{seed}/{platform}/{index}")
    first, last = ("".join(pick(rng, _SYLLABLES) for _ in range(3)) for _ in range(2))
    number = rng.getrandbits(40)
    short = f"canary_{first}_{last[:2]}{index}"
    return Author(
        id=_ids(platform, number, short),
        handle=f"{short.replace('_', '-')}.bsky.social" if platform == "bluesky" else short,
        name=f"Canary{first}{index} {last.capitalize()}",
    )


def _ids(platform: str, number: int, handle: str) -> str:
    match platform:
        case "reddit":
            return f"t2_{base36(number)}"
        case "bluesky":
            return f"did:plc:canary{base36(number)}"
        case "mastodon":
            return f"https://mastodon.example/users/{handle}"
        case "hackernews":
            return handle
        case "linkedin":
            return f"urn:li:person:canary{base36(number)}"
        case _:
            return str(number)
