"""Define a made post and the steps of its history, and turn each step into a post or a delete."""

from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from ingestion.generator.authors import Author
from ingestion.generator.channels import link, profile_channel
from ingestion.generator.expected_fates import PostState
from ingestion.generator.post_text import PostText
from ingestion.generator.raw_payloads import payload
from ingestion.platform import AuthorDelete, Post
from schemas.epoch import to_datetime

Kind = Literal[
    "create",
    "edit",
    "edit_back",
    "delete",
    "score_only",
    "resurrect",
    "author_delete",
    "early_edit",  # an edit sent before its create
    "late_create",  # the create after an `early_edit`, or one sent hours after it was observed
    "early_delete",  # a delete sent before its create
    "late_upsert",  # the create after an `early_delete`
    "old_version",  # an edit sent after a newer one
    "duplicate",
    "bad",
    "unmappable",
]
AuthorKey = tuple[str, str]  # platform and author's id


@dataclass(slots=True)
class PostHistory:
    """The parts that all records of a post share, and the post's state so far."""

    platform: str
    number: int
    post_id: str
    author: Author | None
    created_at: int | None
    channel: str | None
    on_profile: bool = False
    reply_to: str | None = None
    is_repeatable: bool = True  # whether the feed may send its records twice
    state: PostState = field(default_factory=PostState)

    @property
    def day(self) -> date | None:
        """Return the date on which the post was created."""
        return None if self.created_at is None else to_datetime(self.created_at).date()


@dataclass(frozen=True, slots=True)
class Step:
    """One record, which is sent at `at`; times in microseconds since 1970."""

    history: PostHistory
    kind: Kind
    at: int
    observed_at: int
    version: int = 0
    post_text: PostText | None = None  # None: a delete


def author_of(history: PostHistory) -> AuthorKey | None:
    """Return platform and id of the author; None for a post without one."""
    return (history.platform, history.author.id) if history.author else None


def post_of(step: Step) -> Post:
    """Return the step as a mapper's result."""
    return _delete(step) if step.post_text is None else _upsert(step, step.post_text)


def author_delete_of(step: Step) -> AuthorDelete:
    """Return the step, an author's delete, as a mapper's result.

    Raises:
        ValueError: the post has no author.
    """
    author = step.history.author
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


def _upsert(step: Step, post_text: PostText) -> Post:
    history = step.history
    author = history.author
    score = history.number % 400 + (31 if step.kind == "score_only" else 0)
    post = Post(
        post_id=history.post_id,
        version=step.version,
        created_at=history.created_at,
        author_id=author.id if author else None,
        author_handle=author.handle if author else None,
        author_name=author.name if author else None,
        mentions=post_text.mentions,
        title=post_text.title,
        text=post_text.text,
        lang=post_text.lang,
        url=link(history.platform, history.post_id, author),
        channel=profile_channel(history.platform, author)
        if history.on_profile and author
        else history.channel,
        channel_is_profile=history.on_profile and author is not None,
        reply_to=history.reply_to,
        hashtags=post_text.hashtags,
        metrics={"score": score, "replies": score % 23, "shares": score % 11},
        endpoint="generator",
    )
    return _with_raw(post, history.platform)


def _delete(step: Step) -> Post:
    """Return a delete; some deletes name the post's day and author, as on some platforms."""
    history = step.history
    post = Post(
        post_id=history.post_id,
        op="delete",
        version=step.version,
        day=history.day if history.number % 10 < 7 else None,  # noqa: PLR2004  # seven of ten
        author_id=history.author.id if history.author and history.number % 2 else None,
        endpoint="generator",
    )
    return _with_raw(post, history.platform)


def _with_raw(post: Post, platform: str) -> Post:
    # This is quicker than dataclasses.replace, which copies twenty fields. No other code has seen
    # the post yet.
    object.__setattr__(post, "raw", payload(platform, post))
    return post
