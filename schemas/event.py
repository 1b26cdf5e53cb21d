"""What travels: the event that a producer sends for a post, and its JSON Schema.

Times are integers, microseconds since 1970 in UTC. No pyspark here: producers import this module.
"""

from functools import cache
from importlib import resources
from typing import Literal, TypedDict

import orjson

SCHEMA_VERSION = 1
MAX_RECORD_BYTES = 1_048_576  # of one record's value, before compression

Op = Literal["upsert", "delete", "unmappable", "delete_author"]
OPS: tuple[Op, ...] = ("upsert", "delete", "unmappable", "delete_author")

# Kafka headers, CloudEvents 1.0 binary mode first (https://github.com/cloudevents/spec, Kafka
# binding).
CE_HEADERS = ("ce_id", "ce_source", "ce_type", "ce_time", "ce_specversion")
ROUTING_HEADERS = ("op", "post_key", "author_key", "day")


class RightsField(TypedDict):
    """What the post may be used for."""

    indexable: bool
    may_train: bool
    may_display: bool
    may_export: bool


class SourceField(TypedDict):
    """Where the producer had it from."""

    producer: str  # name and version
    endpoint: str | None
    query: str | None


class KeysField(TypedDict):
    """Pseudonyms, computed by the producer; `channel` only where the channel is a profile."""

    post: str | None
    author: str | None
    reply_to: str | None
    channel: str | None
    key_id: str


class Event(TypedDict):
    """The value of a record; design.md has the meaning of each field."""

    schema: int
    event_id: str
    op: Op
    owner: str
    platform: str
    post_id: str | None
    version: int
    created_at: int | None
    day: str | None
    observed_at: int
    author_id: str | None
    author_handle: str | None
    author_name: str | None
    mentions: list[str]
    title: str | None
    text: str | None
    lang: str | None
    url: str | None
    channel: str | None
    reply_to: str | None
    hashtags: list[str]
    metrics: dict[str, int]
    rights: RightsField
    source: SourceField
    keys: KeysField
    reason: str | None  # of an unmappable payload: a reason code
    truncated: bool  # true where `raw` was left out because the record would have been too large
    raw: str | None  # the platform's payload, verbatim


@cache
def json_schema() -> dict[str, object]:
    """Return the contract, JSON Schema 2020-12."""
    document: dict[str, object] = orjson.loads(
        (resources.files("schemas") / "post_event.v1.json").read_bytes()
    )
    return document
