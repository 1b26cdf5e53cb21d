"""Records to measure with: recorded posts under fresh ids, with edits and deletes."""

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

import orjson

from foundation.keys import PseudonymKey
from foundation.policies import policies
from ingestion.generator import generate, load_rates
from ingestion.kafka.records import Record, RecordMaker, verbatim
from ingestion.platform import Post
from ingestion.platforms import PLATFORMS
from ingestion.recordings.files import Document, read_documents
from schemas.epoch import to_datetime

RECORDINGS = Path(__file__).parents[3] / "shared" / "data" / "platforms"
MADE_POSTS = 5_000
# new posts: 5 % edits, 1 % deletes
EDIT_EVERY = 20
DELETE_EVERY = 100
_LOOK_BACK = 50_000  # new posts among which the next edit or delete falls
_SEED = 20261121
_WORD = re.compile(r"[0-9A-Za-z]+")
_DIGITS = "0123456789"
_LETTERS = (
    "234567abcdefghijklmnopqrstuvwxyz"  # valid in ids of base 36 as well as in Bluesky's base 32
)
# room for ten million posts; the head of an id, which may hold a time, stays
_WIDTHS = {
    _DIGITS: 7,
    _LETTERS: 5,
}


@dataclass(frozen=True)
class Template:
    """A recorded post, its payload as text, and the part of its id that the platform uses."""

    platform: str
    post: Post

    @cached_property
    def native(self) -> str:
        """The last word of the id."""
        words: list[str] = _WORD.findall(self.post.post_id)
        return words[-1]

    def fresh_native(self, number: int) -> str:
        """Return an id of the same kind that no other number gets."""
        letters = _DIGITS if self.native.isdigit() else _LETTERS
        width = _WIDTHS[letters]
        tail = ""
        for _ in range(width):
            number, digit = divmod(number, len(letters))
            tail = letters[digit] + tail
        return (self.native[:-width] or letters[1]) + tail

    @cached_property
    def _raw(self) -> list[str]:
        return self._around(verbatim(self.post.raw))

    @cached_property
    def _id(self) -> list[str]:
        return self._around(self.post.post_id)

    @cached_property
    def _url(self) -> list[str] | None:
        return self._around(self.post.url) if self.post.url else None

    def _around(self, text: str) -> list[str]:
        """Return the pieces between the occurrences of the id as a word of its own."""
        return re.split(rf"(?<![0-9A-Za-z]){re.escape(self.native)}(?![0-9A-Za-z])", text)

    def post_as(self, number: int, created_at: int) -> Post:
        """Return the post under a fresh id, also in its payload, created at that microsecond."""
        native = self.fresh_native(number)
        return replace(
            self.post,
            post_id=native.join(self._id),
            url=native.join(self._url) if self._url else None,
            raw=native.join(self._raw),
            created_at=created_at,
            day=to_datetime(created_at).date(),
            version=0,
        )


def recorded(folder: Path = RECORDINGS) -> list[Template]:
    """Return every recorded post once, as its mapper gives it; none without recordings."""
    templates_by_post: dict[tuple[str, str], Template] = {}
    for name, platform in PLATFORMS.items():
        for file in sorted((folder / name).rglob("*.json*")):
            for document in read_documents(file):
                if not isinstance(document, Document):
                    continue
                for payload in platform.payloads(document.content):
                    post = platform.map(payload, document.observed_at)
                    if isinstance(post, Post) and post.op == "upsert":
                        templates_by_post.setdefault((name, post.post_id), Template(name, post))
    templates = list(templates_by_post.values())
    random.Random(_SEED).shuffle(templates)  # noqa: S311  # no secret
    return templates


def made(count: int = MADE_POSTS) -> list[Template]:
    """Return posts of the project's generator, where there are no recordings."""
    makers = {name: RecordMaker(name, "public", PseudonymKey(1, bytes(32))) for name in policies()}
    feed = generate(
        count,
        seed=_SEED,
        base=datetime(2026, 1, 2, tzinfo=UTC),
        rates=load_rates(),
        makers=makers,
        max_text_chars=100_000,
    )
    firsts = (one.record.value for one in feed if one.ledger_row["kind"] == "create")
    return [_template(value) for value in firsts if value]


def _template(value: bytes) -> Template:
    event = orjson.loads(value)
    names = (
        "post_id",
        "author_id",
        "author_handle",
        "author_name",
        "title",
        "text",
        "lang",
        "url",
        "channel",
        "reply_to",
        "metrics",
        "raw",
    )
    kept: dict[str, Any] = {name: event[name] for name in names}
    kept |= {name: tuple(event[name]) for name in ("mentions", "hashtags")}
    return Template(
        event["platform"], Post(**kept, channel_is_profile=event["keys"]["channel"] is not None)
    )


@dataclass(frozen=True)
class Feed:
    """Numbered posts, each a template under a fresh id; they are the same at every call."""

    templates: Sequence[Template]
    makers: dict[str, RecordMaker]
    start: int  # microseconds since 1970, of post 0
    step: int  # microseconds from post to post

    def time_of(self, number: int) -> int:
        """Return when the post was created, and seen."""
        return self.start + number * self.step

    def new(self, number: int, observed_at: int | None = None) -> Record:
        """Return the post's first record."""
        observed = self.time_of(number) if observed_at is None else observed_at
        return self._make(number, self._post(number), observed)

    def edit(self, number: int, observed_at: int) -> Record:
        """Return an edit that the platform does not date: its version is when it was seen."""
        post = self._post(number)
        text = f"{post.text}\n\nEdit: thank you all." if post.text else "Edit: thank you all."
        return self._make(number, replace(post, text=text, version=observed_at), observed_at)

    def delete(self, number: int, observed_at: int) -> Record:
        """Return a delete; like the real ones it holds no content."""
        post = self._post(number)
        gone = Post(
            post_id=post.post_id,
            op="delete",
            version=observed_at,
            created_at=post.created_at,
            day=post.day,
            raw={"deleted": post.post_id},
        )
        return self._make(number, gone, observed_at)

    def post_key(self, number: int) -> tuple[str, str]:
        """Return platform and pseudonym of a post."""
        template = self._template(number)
        maker = self.makers[template.platform]
        post_id = self._post(number).post_id
        return template.platform, maker.key.post_key(maker.owner, maker.platform, post_id)

    def stream(self, first: int, count: int) -> Iterator[Record]:
        """Yield so many new posts, with edits and deletes of earlier ones in between."""
        for number in range(first, first + count):
            yield from self.around(number, self.time_of(number))

    def around(self, number: int, observed_at: int) -> Iterator[Record]:
        """Yield a new post, and the edit and the delete that fall due with it."""
        yield self.new(number, observed_at)
        chance = random.Random(number)  # noqa: S311  # no secret
        if number % EDIT_EVERY == EDIT_EVERY - 1:
            yield self.edit(number - chance.randint(1, min(number, _LOOK_BACK)), observed_at)
        if number % DELETE_EVERY == DELETE_EVERY - 1:
            yield self.delete(number - chance.randint(1, min(number, _LOOK_BACK)), observed_at)

    def sample(self, count: int) -> list[Record]:
        """Return the first records of the stream."""
        return list(islice(self.stream(0, count), count))

    def _template(self, number: int) -> Template:
        return self.templates[number % len(self.templates)]

    def _post(self, number: int) -> Post:
        return self._template(number).post_as(number, self.time_of(number))

    def _make(self, number: int, post: Post, observed_at: int) -> Record:
        return self.makers[self._template(number).platform].make(post, observed_at=observed_at)


def makers_for(key: PseudonymKey, owner: str) -> dict[str, RecordMaker]:
    """Return the makers of every platform's records."""
    return {name: RecordMaker(name, owner, key) for name in PLATFORMS}
