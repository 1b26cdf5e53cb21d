"""One made post and the steps of its story: created, edited, deleted, …; each step becomes one record."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Literal

from ingestion.generator.authors import Person
from ingestion.generator.channels import link, profile_channel
from ingestion.generator.expected_fates import Held
from ingestion.generator.post_text import Wording
from ingestion.generator.raw_payloads import payload
from ingestion.platform import AuthorDelete, Post

Kind = Literal[
    "create",
    "edit",
    "edit_back",
    "delete",
    "score_only",
    "resurrect",
    "author_delete",
    "early_edit",  # an edit sent before its create
    "late_create",  # that create, or one sent hours after it was observed
    "early_delete",  # a delete sent before its create
    "late_upsert",  # that create
    "old_version",  # an edit sent after a newer one
    "duplicate",
    "bad",
    "unmappable",
]
AuthorKey = tuple[str, str]  # platform, author's id
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class Story:
    """What stays the same in all records of a post, and what the ledger knows of it so far."""

    platform: str
    number: int
    post_id: str
    author: Person | None
    created_at: int | None
    channel: str | None
    on_profile: bool = False
    reply_to: str | None = None
    is_repeatable: bool = True  # may its records be sent twice?
    held: Held = field(default_factory=Held)

    @property
    def day(self) -> date | None:
        """The date of its creation."""
        return (
            None
            if self.created_at is None
            else (_EPOCH + timedelta(microseconds=self.created_at)).date()
        )


@dataclass(frozen=True, slots=True)
class Step:
    """One record to be sent at `at`; times in microseconds."""

    story: Story
    kind: Kind
    at: int
    observed_at: int
    version: int = 0
    wording: Wording | None = None  # None: a delete


def author_of(story: Story) -> AuthorKey | None:
    """Who wrote it."""
    return (story.platform, story.author.id) if story.author else None


def post_of(step: Step) -> Post:
    """The step as a mapper would answer it."""
    return _delete(step) if step.wording is None else _upsert(step, step.wording)


def author_delete_of(step: Step) -> AuthorDelete:
    """The step as a mapper would answer it.

    Raises:
        ValueError: a post without author was planned to lose it.
    """
    author = step.story.author
    if author is None:
        raise ValueError(step.kind)
    return AuthorDelete(
        author_id=author.id,
        version=step.version,
        raw={
            "kind": "account",
            "id": author.id,
            "active": False,
            "status": "deleted",
            "made": True,
        },
    )


def _upsert(step: Step, wording: Wording) -> Post:
    story = step.story
    author = story.author
    score = story.number % 400 + (31 if step.kind == "score_only" else 0)
    post = Post(
        post_id=story.post_id,
        version=step.version,
        created_at=story.created_at,
        author_id=author.id if author else None,
        author_handle=author.handle if author else None,
        author_name=author.name if author else None,
        mentions=wording.mentions,
        title=wording.title,
        text=wording.text,
        lang=wording.lang,
        url=link(story.platform, story.post_id, author),
        channel=profile_channel(story.platform, author)
        if story.on_profile and author
        else story.channel,
        channel_is_profile=story.on_profile and author is not None,
        reply_to=story.reply_to,
        hashtags=wording.hashtags,
        metrics={"score": score, "replies": score % 23, "shares": score % 11},
        endpoint="generator",
    )
    return _with_raw(post, story.platform)


def _delete(step: Step) -> Post:
    """Some platforms say when the deleted post was made and by whom, some do not."""
    story = step.story
    post = Post(
        post_id=story.post_id,
        op="delete",
        version=step.version,
        day=story.day if story.number % 10 < 7 else None,  # noqa: PLR2004  # seven of ten
        author_id=story.author.id if story.author and story.number % 2 else None,
        endpoint="generator",
    )
    return _with_raw(post, story.platform)


def _with_raw(post: Post, platform: str) -> Post:
    # Quicker than dataclasses.replace, which would copy twenty fields; nobody else has seen the
    # post yet.
    object.__setattr__(post, "raw", payload(platform, post))
    return post
