"""Map posts of X's API v2 (with and without `includes`) and v1.1 to posts and deletes.

Every post in an answer is a payload of its own: those of `data` and `includes.tweets`, quoted and
retweeted ones, and the one that v1.1 nests in a user. The outer object keeps nothing of their
texts. A retweet is another's text under a new id and is ignored. Of `includes`, a v2 payload keeps
only its author. docs/reference/platforms.md gives the reasons.
"""

import re
from collections.abc import Iterator
from typing import cast

from ingestion.parsing.html_text import handles, hashtags
from ingestion.parsing.json_fields import (
    distinct,
    integer_counts,
    is_only_text,
    items_of_type,
    kind_by_field,
    optional_text,
    payloads_within,
    required_field,
    text_fields,
    value_at,
)
from ingestion.parsing.snowflake_ids import x_micros
from ingestion.parsing.timestamps import day_of, iso_micros, x_v1_micros
from ingestion.platform import (
    Ignored,
    Json,
    Mapped,
    Platform,
    Post,
    WrongFieldError,
    known_by_post_id,
    unmappable_on_wrong_field,
)

_LAST_ID = 2**63
_TWEET_FIELDS = (
    "edit_history_tweet_ids",
    "referenced_tweets",
    "full_text",
    "in_reply_to_status_id",
    "retweet_count",
)
_MESSAGE_FIELDS = (
    "event_type",
    "dm_conversation_id",
    "dm_event_id",
    "message_create",
    "sender_id",
    "recipient_id",
)
_SNOWFLAKE = re.compile(r"\d{18,19}")  # ids since 2012; those of Instagram's comments are shorter
_TIMES_ELSEWHERE = ("time", "timestamp")  # fields of Instagram, Hacker News and custom
_MARKS = (*_TWEET_FIELDS, *_MESSAGE_FIELDS[:4], "public_metrics", "screen_name", "project_usage")
_NESTED = ("retweeted_status", "quoted_status")
# fields whose objects hold texts of the post itself
_PARTS = (
    "note_tweet",
    "extended_tweet",
    "entities",
    "extended_entities",
)
_REPEATED = re.compile(r"\s*RT @\w{1,20}:")
_NO_LANGUAGE = {"und", "zxx", "art", "qam", "qct", "qht", "qme", "qst"}
_V1_METRICS = ("retweet_count", "reply_count", "quote_count")
_KINDS = (
    *((field, "direct message") for field in _MESSAGE_FIELDS),
    ("screen_name", "user"),
    ("username", "user"),
    ("ids", "user ids"),
    ("relationship", "relationship"),
    ("host_ids", "space"),
    ("state", "space"),
    ("tweet_count", "count"),
    ("trend_name", "trend"),
    ("mode", "list"),
    ("follower_count", "list"),
    ("query", "saved search"),
    ("upload_url", "compliance job"),
    ("project_usage", "usage"),
    ("media_key", "media"),
    ("place_type", "place"),
    ("value", "stream rule"),
    ("errors", "error"),
    ("title", "error"),
    ("name", "list"),
)


def payloads(document: Json) -> Iterator[Json]:
    """Yield the single posts of a document, and anything else as it is."""
    return payloads_within(document, _contents)


def _publicly(payload: Json) -> Json:
    """Return a post whose author is known not to be protected."""
    path = ("data",) if isinstance(value_at(payload, "data"), dict) else ()
    tweet = value_at(payload, *path)
    is_public = _is_tweet(tweet) and _author(tweet, payload).get("protected") is False
    return payload if is_public and is_only_text(payload, *path, own=_PARTS) else None


def _is_own(payload: Json) -> bool:
    """Return whether a payload is a post, message, account or notice with marks of X's APIs."""
    item = payload["data"] if isinstance(value_at(payload, "data"), dict) else payload
    if not isinstance(item, dict):
        return False
    is_notice = "redacted_at" in item and bool(item.get("action") == "delete")
    is_post = "text" in item and _SNOWFLAKE.fullmatch(str(item.get("id"))) is not None
    is_elsewhere = any(name in item for name in _TIMES_ELSEWHERE)
    return is_notice or (is_post and not is_elsewhere) or any(name in item for name in _MARKS)


@unmappable_on_wrong_field(_publicly)
def map_payload(payload: Json, observed_at: int | None) -> Mapped:
    """Map one post or notice to a post or a delete; other objects are ignored by kind."""
    if not isinstance(payload, dict):
        raise WrongFieldError("data")
    tweet = payload["data"] if isinstance(payload.get("data"), dict) else payload
    if (gone := _deleted(tweet)) is not None:
        return _delete(gone, payload, observed_at)
    if not _is_tweet(tweet):
        return Ignored(kind=kind_by_field(tweet, _KINDS) or "other")
    if _author(tweet, payload).get("protected") is True:
        return Ignored(kind="protected post")
    if _is_retweet(tweet):
        return Ignored(kind="retweet")
    return _post(tweet, payload, observed_at)


PLATFORM = Platform(
    name="x",
    payloads=payloads,
    map=map_payload,
    reader="ingestion.readers.x:XReader",
    native_id=known_by_post_id,  # the first id of its chain of edits
    dates_edits=True,
    sweeps_at_once=50_000,  # in one compliance job
    is_own=_is_own,
)


def _contents(item: Json) -> tuple[list[Json], list[Json]]:
    if not isinstance(item, dict):
        return [item], []
    if isinstance(item.get("data"), dict | list):
        return _answer(item)
    if _is_tweet(item):
        return _split(item)
    if isinstance(item.get("status"), dict) and "screen_name" in item:
        user = _without_status(item)
        return [user], [{**item["status"], "user": user}]
    inner = next(
        (
            item[name]
            for name in ("statuses", "users", "body")
            if isinstance(item.get(name), dict | list)
        ),
        None,
    )
    return ([item], []) if inner is None else ([], [inner])


def _answer(answer: dict[str, Json]) -> tuple[list[Json], list[Json]]:
    """Return each post of a v2 answer with its author, and other objects as they are."""
    data = answer["data"] if isinstance(answer["data"], list) else [answer["data"]]
    users = {
        str(user.get("id")): user
        for user in items_of_type(value_at(answer, "includes", "users"), dict)
    }
    included = items_of_type(value_at(answer, "includes", "tweets"), dict)
    return [_with_author(item, users) for item in [*data, *included]], []


def _with_author(item: Json, users: dict[str, Json]) -> Json:
    author = users.get(str(item.get("author_id"))) if _is_tweet(item) else None
    return {"data": item, "includes": {"users": [author]}} if author else item


def _split(tweet: dict[str, Json]) -> tuple[list[Json], list[Json]]:
    """Split a post of v1.1 from the posts inside it, of which it keeps only the ids."""
    nested = [tweet[name] for name in _NESTED if isinstance(tweet.get(name), dict)]
    if isinstance(user := tweet.get("user"), dict):
        tweet = {**tweet, "user": _without_status(user)}
    own = {
        name: {"id_str": value.get("id_str")}
        if name in _NESTED and isinstance(value, dict)
        else value
        for name, value in tweet.items()
    }
    return [own], [status for status in nested if "text" in status or "full_text" in status]


def _without_status(user: dict[str, Json]) -> dict[str, Json]:
    return {name: value for name, value in user.items() if name != "status"}


def _is_tweet(item: Json) -> bool:
    if not isinstance(item, dict) or any(name in item for name in _MESSAGE_FIELDS):
        return False
    return ("text" in item and ("id" in item or "id_str" in item)) or any(
        name in item for name in _TWEET_FIELDS
    )


def _is_retweet(tweet: dict[str, Json]) -> bool:
    """Return whether a post only repeats another one.

    Its references say so. Without any, the `RT @name:` does that X puts before the text.
    """
    references = items_of_type(tweet.get("referenced_tweets"), dict)
    if tweet.get("retweeted_status") or any(
        reference.get("type") == "retweeted" for reference in references
    ):
        return True
    refers = (
        references or tweet.get("quoted_status") or _id_text(tweet.get("in_reply_to_status_id_str"))
    )
    whole = tweet.get("full_text") or tweet.get("text")
    return not refers and isinstance(whole, str) and _REPEATED.match(whole) is not None


def _deleted(item: dict[str, Json]) -> dict[str, Json] | None:
    """Return the post that a notice deletes, or None.

    Notices come from the Activity API, compliance jobs and v1.1's stream.
    """
    if item.get("event_type") == "post.delete":
        return cast("dict[str, Json]", required_field(item, "payload", dict))
    if item.get("action") == "delete":
        return item
    status = value_at(item, "delete", "status")
    return status if isinstance(status, dict) else None


def _delete(gone: dict[str, Json], payload: dict[str, Json], observed_at: int | None) -> Post:
    first, _ = _chain(gone)
    micros = x_micros(first, observed_at)
    day = None if micros is None else day_of(micros)
    version = max(observed_at or 0, iso_micros(gone.get("redacted_at")) or 0)
    return Post(
        post_id=str(first), op="delete", version=version, created_at=micros, day=day, raw=payload
    )


def _post(tweet: dict[str, Json], payload: dict[str, Json], observed_at: int | None) -> Post:
    first, own = _chain(tweet)
    author = _author(tweet, payload)
    text = _text(tweet)
    inside = x_micros(first, observed_at)
    declared = _created_at(tweet)
    return Post(
        post_id=str(first),
        version=(x_micros(own, observed_at) or 0) if own != first else 0,
        created_at=inside
        if own != first and inside is not None
        else declared
        if declared is not None
        else inside,
        day=None if inside is None else day_of(inside),
        author_id=_id_text(tweet.get("author_id"))
        or _id_text(author.get("id_str"))
        or _id_text(author.get("id")),
        author_handle=optional_text(author, "username") or optional_text(author, "screen_name"),
        author_name=optional_text(author, "name"),
        mentions=_mentions(tweet, text),
        text=text,
        lang=None if (lang := optional_text(tweet, "lang")) in _NO_LANGUAGE else lang,
        url=f"https://x.com/i/status/{first}",
        reply_to=_reply_to(tweet),
        hashtags=_hashtags(tweet, text),
        metrics=_metrics(tweet),
        raw=payload,
    )


def _author(tweet: dict[str, Json], payload: dict[str, Json]) -> dict[str, Json]:
    """Return the author's object in a payload; an empty one if it has none."""
    if isinstance(user := tweet.get("user"), dict):
        return user
    users = items_of_type(value_at(payload, "includes", "users"), dict)
    return next((user for user in users if user.get("id") == tweet.get("author_id")), {})


def _chain(tweet: dict[str, Json]) -> tuple[int, int]:
    """Return the first id of the chain of edits, which is the post's id, and this version's id.

    Source: https://docs.x.com/x-api/fundamentals/edit-posts
    """
    own = _id(tweet.get("id_str", tweet.get("id")))
    if own is None:
        raise WrongFieldError("id")
    listed = tweet.get("edit_history_tweet_ids") or value_at(
        tweet, "edit_history", "edit_tweet_ids"
    )
    ids = [_id(item) for item in listed] if isinstance(listed, list) else []
    return min([own, *(item for item in ids if item is not None)]), own


def _id(value: Json) -> int | None:
    if (
        isinstance(value, str)
        and value.isascii()
        and value.isdecimal()
        and len(value) <= len(str(_LAST_ID))
    ):
        value = int(value)
    return (
        value
        if isinstance(value, int) and not isinstance(value, bool) and 0 < value < _LAST_ID
        else None
    )


def _id_text(value: Json) -> str | None:
    return None if (number := _id(value)) is None else str(number)


def _created_at(tweet: dict[str, Json]) -> int | None:
    declared = tweet.get("created_at")
    micros = iso_micros(declared) if iso_micros(declared) is not None else x_v1_micros(declared)
    if declared is not None and (micros is None or micros < 0):
        raise WrongFieldError("created_at")
    return micros


def _text(tweet: dict[str, Json]) -> str:
    """Return the whole text, since `text` may be cut off, without X's three HTML escapes."""
    whole = [
        value_at(tweet, "note_tweet", "text"),
        value_at(tweet, "extended_tweet", "full_text"),
        tweet.get("full_text"),
    ]
    text = next(iter(items_of_type(whole, str)), None) or required_field(tweet, "text", str)
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _entities(tweet: dict[str, Json], name: str) -> list[Json]:
    """Return the entities of the whole text, then those of the text that may be cut off."""
    holders = (tweet.get("note_tweet"), tweet.get("extended_tweet"), tweet)
    return [
        entity
        for holder in holders
        for entity in items_of_type(value_at(holder, "entities", name), dict)
    ]


def _mentions(tweet: dict[str, Json], text: str) -> tuple[str, ...]:
    known = text_fields(_entities(tweet, "mentions"), "username") + text_fields(
        _entities(tweet, "user_mentions"), "screen_name"
    )
    return distinct(known + [handle for handle in handles(text) if "." not in handle])


def _hashtags(tweet: dict[str, Json], text: str) -> tuple[str, ...]:
    entities = _entities(tweet, "hashtags")
    return distinct(text_fields(entities, "tag") + text_fields(entities, "text") or hashtags(text))


def _reply_to(tweet: dict[str, Json]) -> str | None:
    for reference in items_of_type(tweet.get("referenced_tweets"), dict):
        if reference.get("type") == "replied_to":
            return _id_text(reference.get("id"))
    return _id_text(tweet.get("in_reply_to_status_id_str")) or _id_text(
        tweet.get("in_reply_to_status_id")
    )


def _metrics(tweet: dict[str, Json]) -> dict[str, int]:
    public = tweet.get("public_metrics")
    v1 = {
        "like_count": tweet.get("favorite_count"),
        **{name: tweet.get(name) for name in _V1_METRICS},
    }
    return integer_counts(public if isinstance(public, dict) else v1)
