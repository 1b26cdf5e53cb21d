"""Find one person of a generated stream.

A person has records, payloads, and clear values that no other person's records hold.
"""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import orjson

from ingestion.platform import Post
from ingestion.platforms import PLATFORMS
from local.erasure_scan.search_terms import SHORTEST, SearchTerms
from tests.support.lake import Row

# topic, key, value, headers
Message = tuple[str, bytes | None, bytes | None, list[tuple[str, bytes]]]
_CLEAR = ("post_id", "author_id", "author_handle", "author_name", "title", "text", "url")


@dataclass(frozen=True)
class Person:
    """The person to erase.

    Attributes:
        theirs: the numbers of the records that the person wrote or that concern the person's posts.
        canaries: clear values of the person that no other record has.
        payloads: the person's payloads as the platform sent them, if its mapper knows them.
    """

    platform: str
    author_id: str
    author_key: str
    posts: frozenset[str]
    theirs: frozenset[int]
    canaries: tuple[str, ...]
    payloads: tuple[Any, ...]

    def is_theirs(self, row: Row) -> bool:
        """Return the keys in a row of the ledger or of a table that has both."""
        return row["author_key"] == self.author_key or row["post_key"] in self.posts


def busiest(rows: list[Row], messages: list[Message]) -> Person:
    """Return the person with most posts who is not deleted by the platform.

    Each row belongs to the message with its number.
    """
    gone = {row["author_key"] for row in rows if row["op"] == "delete_author"}
    counts = Counter(
        row["author_key"] for row in rows if row["op"] == "upsert" and row["author_key"] not in gone
    )
    for author_key, _ in counts.most_common():
        if author_key is not None and (found := _person(author_key, rows, messages)):
            return found
    raise AssertionError("nobody has payloads that their platform's mapper knows")


def _person(author_key: str, rows: list[Row], messages: list[Message]) -> Person | None:
    posts = frozenset(
        r["post_key"] for r in rows if r["author_key"] == author_key and r["fate"] != "quarantined"
    )
    keys = {author_key.encode(), *(post.encode() for post in posts)}
    theirs = frozenset(
        at
        for at, (_, key, _, headers) in enumerate(messages)
        if key in keys
        or any(name in ("author_key", "post_key") and value in keys for name, value in headers)
    )
    values = [value for _, _, value, _ in messages]
    events = [
        orjson.loads(values[at] or b"")
        for at in sorted(theirs)
        if rows[at]["fate"] != "quarantined"
    ]
    author_id = next(event["author_id"] for event in events if event["author_id"])
    platform = events[0]["platform"]
    payloads = [payload for event in events if (payload := _mappable(event, author_id))]
    if not payloads:
        return None
    clear = {event[name] for event in events for name in _CLEAR if event[name]}
    clear |= {value for at in theirs for value in rows[at].get("canaries", ())}
    others = b"\n".join(value for at, value in enumerate(values) if at not in theirs and value)
    lines = sorted(
        {line for value in clear for line in value.splitlines() if len(line) >= SHORTEST}
    )
    shared = set(SearchTerms(lines).found_in(others))
    usable = [line for number, line in enumerate(lines, 1) if number not in shared]
    return Person(platform, author_id, author_key, posts, theirs, tuple(usable), tuple(payloads))


def _mappable(event: Any, author_id: str) -> Any:
    """Return the platform's payload, if its mapper makes the same post of it.

    Generated payloads only resemble a platform's.
    """
    payload = orjson.loads(event["raw"])
    mapped = PLATFORMS[event["platform"]].map(payload, 0)
    is_same = isinstance(mapped, Post) and (mapped.author_id, mapped.post_id) == (
        author_id,
        event["post_id"],
    )
    return payload if is_same else None
