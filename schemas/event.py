"""Define the event that a producer sends for a post, and its JSON Schema.

Times are integers: microseconds since 1970 in UTC. Producers import this module, so it must not
import pyspark. The comment of a field is its meaning, which `make reference` writes into
docs/reference/event.md.
"""

import re
from functools import cache
from importlib import resources
from typing import Literal, TypedDict

import orjson

SCHEMA_VERSION = 1
MAX_RECORD_BYTES = 1_048_576  # of one record's value, before compression

# Characters that no name may have, and that are removed from texts: all controls except tab, line
# feed and carriage return.
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")

Op = Literal["upsert", "delete", "unmappable", "delete_author"]
OPS: tuple[Op, ...] = ("upsert", "delete", "unmappable", "delete_author")

# Kafka headers; the first are those of CloudEvents 1.0 in binary mode
# (https://github.com/cloudevents/spec, Kafka binding).
CE_HEADERS = ("ce_id", "ce_source", "ce_type", "ce_time", "ce_specversion")
ROUTING_HEADERS = ("op", "post_key", "author_key", "day")


class RightsField(TypedDict):
    """The permitted uses of a post."""

    indexable: bool  # search engines may list it
    may_train: bool  # a model may be trained on it
    may_display: bool  # its text may be shown
    may_export: bool  # it may leave the lake


class SourceField(TypedDict):
    """The origin of the payload."""

    producer: str  # name and version
    endpoint: str | None  # the interface of the platform that returned it
    query: str | None  # the query that found the post


class KeysField(TypedDict):
    """Pseudonyms, computed by the producer; `channel` only if the channel is a profile."""

    post: str | None  # pseudonym of `post_id`
    author: str | None  # pseudonym of `author_id`
    reply_to: str | None  # pseudonym of `reply_to`
    channel: str | None  # pseudonym of `channel`, if that is a profile
    key_id: str  # fingerprint of the pseudonym key


class Event(TypedDict):
    """The value of a record."""

    schema: int  # version of this schema
    event_id: str  # hash of owner, platform, post, op and content
    op: Op  # what happened to the post
    owner: str  # the owner of the credentials that fetched the post; `public` by default
    platform: str  # name of the platform
    # the platform's own id of the post; null only for `delete_author` and `unmappable`
    post_id: str | None
    version: int  # microseconds of the edit; 0 for a post as it was created
    created_at: int | None  # creation time that the platform states
    day: str | None  # day of the post, `YYYY-MM-DD`, which never changes
    observed_at: int  # when the producer read it
    author_id: str | None  # the platform's own id of the author
    author_handle: str | None  # name of the author's account
    author_name: str | None  # name that the author shows
    mentions: list[str]  # accounts that the post names
    title: str | None  # title, as plain text
    text: str | None  # text, as plain text
    lang: str | None  # language that the platform or the author states
    url: str | None  # address of the post
    channel: str | None  # subreddit, page, hashtag or instance
    reply_to: str | None  # id of the post that this one answers
    hashtags: list[str]  # hashtags without `#`
    metrics: dict[str, int]  # counts such as likes, as of this version
    rights: RightsField  # permitted uses of the post
    source: SourceField  # origin of the payload
    keys: KeysField  # pseudonyms, so that no Spark job needs the key
    reason: str | None  # reason code of an unmappable payload
    truncated: bool  # true if `raw` was left out because the record would have been too large
    raw: str | None  # the platform's payload, verbatim


@cache
def json_schema() -> dict[str, object]:
    """Return the event's JSON Schema, 2020-12."""
    document: dict[str, object] = orjson.loads(
        (resources.files("schemas") / "post_event.v1.json").read_bytes()
    )
    return document
