"""Make the records of the benchmark: recorded posts with new ids, and edits and deletes."""

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
# Per new post, there are 5 % edits and 1 % deletes.
EDIT_EVERY = 20
DELETE_EVERY = 100
_LOOK_BACK = 50_000  # an edit or delete concerns one of that many newest posts
_SEED = 20261121
_WORD = re.compile(r"[0-9A-Za-z]+")
_DIGITS = "0123456789"
_LETTERS = "234567abcdefghijklmnopqrstuvwxyz"  # valid in base 36 and in Bluesky's base 32
# The digits at the end of an id that change, enough for ten million posts. The rest of the id
# stays, since it may hold a time.
_WIDTHS = {
    _DIGITS: 7,
    _LETTERS: 5,
}


@dataclass(frozen=True)
class Template:
    """A recorded post, from which posts with other ids are made."""

    platform: str
    post: Post

    @cached_property
    def native(self) -> str:
        """The last word of the post's id, which is the platform's own id."""
        words: list[str] = _WORD.findall(self.post.post_id)
        return words[-1]

    def fresh_native(self, number: int) -> str:
        """Return an id of the same form, different for each number."""
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
        """Split a text at each occurrence of the id as a whole word."""
        return re.split(rf"(?<![0-9A-Za-z]){re.escape(self.native)}(?![0-9A-Za-z])", text)

    def post_as(self, number: int, created_at: int) -> Post:
        """Return the post with a new id, also in its payload, created at that microsecond."""
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
    """Return each recorded post once, as its mapper returns it; none without recordings."""
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
    """Return posts of EchoStream's generator, for machines without recordings."""
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
    """Numbered posts, each a template with a new id. The same number gives the same post."""

    templates: Sequence[Template]
    makers: dict[str, RecordMaker]
    start: int  # when post 0 was created, in microseconds since 1970
    step: int  # microseconds from post to post

    def time_of(self, number: int) -> int:
        """Return the time at which a post is created, in microseconds since 1970."""
        return self.start + number * self.step

    def new(self, number: int, observed_at: int | None = None) -> Record:
        """Return the record of a new post."""
        observed = self.time_of(number) if observed_at is None else observed_at
        return self._make(number, self._post(number), observed)

    def edit(self, number: int, observed_at: int) -> Record:
        """Return an edit without a date of the platform, so its version is `observed_at`."""
        post = self._post(number)
        text = f"{post.text}\n\nEdit: thank you all." if post.text else "Edit: thank you all."
        return self._make(number, replace(post, text=text, version=observed_at), observed_at)

    def delete(self, number: int, observed_at: int) -> Record:
        """Return a delete, which has no content, like real ones."""
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
        """Return the platform and the pseudonym of a post."""
        template = self._template(number)
        maker = self.makers[template.platform]
        post_id = self._post(number).post_id
        return template.platform, maker.key.post_key(maker.owner, maker.platform, post_id)

    def stream(self, first: int, count: int) -> Iterator[Record]:
        """Yield `count` new posts, with edits and deletes of earlier ones in between."""
        for number in range(first, first + count):
            yield from self.around(number, self.time_of(number))

    def around(self, number: int, observed_at: int) -> Iterator[Record]:
        """Yield a new post, and the edit and the delete that come with it."""
        yield self.new(number, observed_at)
        chance = random.Random(number)  # noqa: S311  # no secret
        if number % EDIT_EVERY == EDIT_EVERY - 1:
            yield self.edit(number - chance.randint(1, min(number, _LOOK_BACK)), observed_at)
        if number % DELETE_EVERY == DELETE_EVERY - 1:
            yield self.delete(number - chance.randint(1, min(number, _LOOK_BACK)), observed_at)

    def sample(self, count: int) -> list[Record]:
        """Return the first `count` records of the stream."""
        return list(islice(self.stream(0, count), count))

    def _template(self, number: int) -> Template:
        return self.templates[number % len(self.templates)]

    def _post(self, number: int) -> Post:
        return self._template(number).post_as(number, self.time_of(number))

    def _make(self, number: int, post: Post, observed_at: int) -> Record:
        return self.makers[self._template(number).platform].make(post, observed_at=observed_at)


def makers_for(key: PseudonymKey, owner: str) -> dict[str, RecordMaker]:
    """Return the record maker of each platform."""
    return {name: RecordMaker(name, owner, key) for name in PLATFORMS}
