"""Build the Kafka record of a post: event id, pseudonyms, day and headers.

Only this module builds events, so that live, replayed and pushed posts give the same ones.
"""

import json
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib.metadata import version as installed_version
from typing import Literal, get_args

import orjson

from foundation.keys import PseudonymKey
from foundation.policies import policy_of
from ingestion.platform import AuthorDelete, Json, Post, Unmappable
from schemas.epoch import to_datetime
from schemas.event import MAX_RECORD_BYTES, SCHEMA_VERSION, Event, Op, RightsField
from schemas.reasons import Reason
from schemas.topics import TopicKind

_Clearable = Literal[
    "title",
    "text",
    "url",
    "lang",
    "channel",
    "reply_to",
    "author_id",
    "author_handle",
    "author_name",
]
# An event that is too long loses these fields.
_CLEARED: tuple[_Clearable, ...] = get_args(_Clearable)


@dataclass(frozen=True, slots=True)
class Record:
    """A record for Kafka."""

    platform: str
    kind: TopicKind
    key: bytes
    value: bytes
    headers: list[tuple[str, bytes]]


@dataclass(frozen=True, slots=True)
class RecordMaker:
    """Makes the records of one platform for one owner."""

    platform: str
    owner: str
    key: PseudonymKey

    def make(self, item: Post | AuthorDelete | Unmappable, *, observed_at: int) -> Record:
        """Build the record for a mapper's result; `observed_at` in microseconds since 1970."""
        match item:
            case Post():
                return _record(self._post_event(item, observed_at), "posts")
            case AuthorDelete():
                return _record(self._author_event(item, observed_at), "authors")
            case Unmappable():
                return _record(self._unmappable_event(item, observed_at), "posts")

    def event_id(self, post: Post) -> str:
        """Return a keyed hash of the post's content: the same for a resend, another for an edit."""
        return self.event_ids(post)[0]

    def event_ids(self, post: Post) -> list[str]:
        """Return the event id under each version of the key, newest first."""
        content = (
            (post.title, post.text, post.author_id, post.channel) if post.op == "upsert" else ()
        )
        return self.key.event_ids(self.owner, self.platform, post.post_id, post.op, *content)

    def day(self, post: Post, observed_at: int) -> str | None:
        """Return the post's day as ISO 8601; None for a delete that gives none."""
        return lasting_day(self.platform, post, observed_at)

    def _post_key(self, post_id: str) -> str:
        return self.key.post_key(self.owner, self.platform, post_id)

    def _author_key(self, author_id: str) -> str:
        return self.key.author_key(self.owner, self.platform, author_id)

    def _post_event(self, post: Post, observed_at: int) -> Event:
        event = self._empty_event(post.op, observed_at, post.raw)
        event["post_id"] = post.post_id
        event["version"] = post.version
        event["created_at"] = post.created_at
        event["day"] = lasting_day(self.platform, post, observed_at)
        event["author_id"] = post.author_id
        event["author_handle"] = post.author_handle
        event["author_name"] = post.author_name
        event["mentions"] = list(post.mentions)
        event["title"] = post.title
        event["text"] = post.text
        event["lang"] = post.lang
        event["url"] = post.url
        event["channel"] = post.channel
        event["reply_to"] = post.reply_to
        event["hashtags"] = list(post.hashtags)
        event["metrics"] = post.metrics
        # The policy is the limit; an author's signal can only narrow it.
        for right, allowed in post.rights.items():
            event["rights"][right] = event["rights"][right] and allowed  # type: ignore[literal-required]  # names checked by the schema
        event["source"]["endpoint"] = post.endpoint
        event["source"]["query"] = post.query
        event["keys"]["post"] = self._post_key(post.post_id)
        event["keys"]["author"] = self._author_key(post.author_id) if post.author_id else None
        event["keys"]["reply_to"] = self._post_key(post.reply_to) if post.reply_to else None
        event["keys"]["channel"] = (
            self._author_key(post.channel) if post.channel and post.channel_is_profile else None
        )
        event["event_id"] = self.event_id(post)
        return event

    def _author_event(self, gone: AuthorDelete, observed_at: int) -> Event:
        event = self._empty_event("delete_author", observed_at, gone.raw)
        event["author_id"] = gone.author_id
        event["version"] = gone.version
        event["keys"]["author"] = self._author_key(gone.author_id)
        event["event_id"] = self.key.event_id(
            self.owner, self.platform, gone.author_id, "delete_author"
        )
        return event

    def _unmappable_event(self, item: Unmappable, observed_at: int) -> Event:
        event = self._empty_event("unmappable", observed_at, item.raw)
        event["reason"] = Reason.UNMAPPABLE
        event["event_id"] = self.key.event_id(self.owner, self.platform, event["raw"], "unmappable")
        return event

    def _empty_event(self, op: Op, observed_at: int, raw: Json) -> Event:
        return Event(
            schema=SCHEMA_VERSION,
            event_id="",
            op=op,
            owner=self.owner,
            platform=self.platform,
            post_id=None,
            version=0,
            created_at=None,
            day=None,
            observed_at=observed_at,
            author_id=None,
            author_handle=None,
            author_name=None,
            mentions=[],
            title=None,
            text=None,
            lang=None,
            url=None,
            channel=None,
            reply_to=None,
            hashtags=[],
            metrics={},
            rights=_policy_rights(self.platform),
            source={"producer": _producer(), "endpoint": None, "query": None},
            keys={
                "post": None,
                "author": None,
                "reply_to": None,
                "channel": None,
                "key_id": self.key.key_id,
            },
            reason=None,
            truncated=False,
            raw=None if raw is None else verbatim(raw),
        )


def verbatim(raw: Json) -> str:
    """Convert a payload to JSON text; a text stays as it is, and large integers stay exact."""
    text = (
        raw if isinstance(raw, str) else json.dumps(raw, ensure_ascii=False, separators=(",", ":"))
    )
    # UTF-8 cannot hold a lone surrogate, and the post may be valid: so it becomes its escape again.
    return text.encode("utf-8", "backslashreplace").decode()


def _record(event: Event, kind: TopicKind) -> Record:
    value = _fitting_value(event)
    keys = event["keys"]
    record_key = keys["author"] if kind == "authors" else keys["post"]
    headers: dict[str, str | None] = {
        "ce_id": event["event_id"],
        "ce_source": f"/echostream/{event['owner']}/{event['platform']}",
        "ce_type": f"echostream.{kind}.{event['op']}.v1",
        "ce_time": to_datetime(event["observed_at"]).isoformat(),
        "ce_specversion": "1.0",
        "content-type": "application/json",
        "op": event["op"],
        "post_key": keys["post"],
        "author_key": keys["author"],
        "day": event["day"],
    }
    return Record(
        platform=event["platform"],
        kind=kind,
        key=(record_key or event["event_id"]).encode(),
        value=value,
        headers=[(name, text.encode()) for name, text in headers.items() if text is not None],
    )


def _fitting_value(event: Event) -> bytes:
    """Encode the event; one that is too long loses `raw`, and if need be becomes unmappable."""
    value = _json(event)
    if len(value) > MAX_RECORD_BYTES:
        event["raw"] = None
        event["truncated"] = True
        value = _json(event)
    if len(value) > MAX_RECORD_BYTES:
        event["op"] = "unmappable"
        event["reason"] = Reason.TEXT_TOO_LONG
        for name in _CLEARED:
            event[name] = None
        event["mentions"] = []
        event["hashtags"] = []
        event["metrics"] = {}
        value = _json(event)
    return value


def _json(event: Event) -> bytes:
    try:
        return orjson.dumps(event)
    # The event holds a lone surrogate or an integer of more than 64 bits.
    except orjson.JSONEncodeError:
        return json.dumps(event, separators=(",", ":")).encode()


def lasting_day(platform: str, post: Post, observed_at: int) -> str | None:
    """Return the day that the post keeps for ever, as ISO 8601; None for a delete that gives none.

    It is not before the platform's start, and at most a day after the observation. That day is
    allowed because an id whose clock is minutes ahead must give the same day at each reading.
    """
    day = post.day
    if day is None and post.created_at is not None:
        day = _date(post.created_at)
    if day is None:
        return None if post.op == "delete" else _date(observed_at).isoformat()
    return min(
        max(day, policy_of(platform).since), _date(observed_at) + timedelta(days=1)
    ).isoformat()


def _date(micros: int) -> date:
    try:
        return to_datetime(micros).date()
    except OverflowError:
        return date.max if micros > 0 else date.min


@cache
def _producer() -> str:
    return f"echostream/{installed_version('echostream')}"


def _policy_rights(platform: str) -> RightsField:
    rights = policy_of(platform).rights
    return {
        "indexable": rights.indexable,
        "may_train": rights.may_train,
        "may_display": rights.may_display,
        "may_export": rights.may_export,
    }
