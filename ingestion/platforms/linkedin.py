"""Map LinkedIn's posts, comments and webhook notices to posts and deletes.

Posts and comments come alone, in `elements`, or by URN in `results`. A reshared post is named by
its URN and never nested. The mapper follows the documentation, since no recordings are public;
docs/reference/platforms.md lists the open questions.

Comments: https://learn.microsoft.com/en-us/linkedin/marketing/community-management/shares/comments-api
"""

import re
from collections.abc import Iterator

from ingestion.parsing.html_text import hashtags
from ingestion.parsing.json_fields import (
    distinct,
    fields_of,
    integer_counts,
    is_only_text,
    items_of_type,
    kind_by_field,
    optional_text,
    payloads_within,
    required_field,
    value_at,
)
from ingestion.parsing.timestamps import count_micros
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

_POST_URN = re.compile(r"urn:li:(?:share|ugcPost|activity):\d{1,20}")
_COMMENT_URN = re.compile(r"urn:li:comment:\(urn:li:[A-Za-z]{1,30}:\d{1,20},\d{1,20}\)")
_MENTION = re.compile(r"@\[((?:\\.|[^\]\\])*)\]\((urn:li:\w+:[^)]*)\)")
_HASHTAG = re.compile(r"\{hashtag\|(?:\\#|#)\|((?:\\.|[^}\\])*)\}")
_ESCAPED = re.compile(r"\\([|{}@\[\]()<>#\\*_~])")
_ORGANISATION = "urn:li:organization:"
_PUBLISHED = ("PUBLISHED", "PUBLISHED_EDITED")
_ACTIONS = (
    "COMMENT",
    "COMMENT_EDIT",
    "SHARE",
    "LIKE",
    "SHARE_MENTION",
    "PHOTO_MENTION",
    "VIDEO_MENTION",
)
_NAMED = ("id", "author", "actor", "object", "commentUrn", "$URN", "generatedActivity")
_DELETE_FIELDS = ("id", "author", "lifecycleState", "createdAt", "lastModifiedAt")
_NOTICE_FIELDS = ("notificationId", "action", "generatedActivity", "lastModifiedAt")
_KINDS = (
    ("reactionType", "reaction"),
    ("localizedName", "organization"),
    ("vanityName", "organization"),
    ("localizedLastName", "person"),
    ("errorDetails", "error"),
    ("serviceErrorCode", "error"),
    ("likesSummary", "summary"),
)


def payloads(document: Json) -> Iterator[Json]:
    """Yield the single posts, comments and notices of a document, and anything else as it is."""
    return payloads_within(document, _contents)


def _publicly(payload: Json) -> Json:
    """Return a published post that declares itself public; others declare nothing."""
    is_post = isinstance(payload, dict) and "commentary" in payload and "actor" not in payload
    is_shown = is_post and _is_public(payload) and payload.get("lifecycleState") in _PUBLISHED
    return payload if is_shown and is_only_text(payload) else None


def _is_own(payload: Json) -> bool:
    """Return whether a payload names itself, its author or its object by a URN."""
    names = [value_at(payload, field) for field in _NAMED]
    return any(isinstance(name, str) and name.startswith("urn:li:") for name in names)


@unmappable_on_wrong_field(_publicly)
def map_payload(payload: Json, observed_at: int | None) -> Mapped:
    """Map one post, comment or notice to a post or a delete; others are ignored by kind."""
    if not isinstance(payload, dict):
        raise WrongFieldError("id")
    if "action" in payload:
        return _notice(payload, observed_at)
    if "message" in payload and "actor" in payload:
        return _comment(payload)
    if "commentary" not in payload and "lifecycleState" not in payload:
        return Ignored(kind=kind_by_field(payload, _KINDS) or "other")
    state = payload.get("lifecycleState", "PUBLISHED")
    if state == "DELETED":
        return _deleted(payload, observed_at)
    if not _is_public(payload):
        return Ignored(kind="non-public post")
    return _post(payload) if state in _PUBLISHED else Ignored(kind="unpublished post")


def _is_public(post: dict[str, Json]) -> bool:
    """Return whether everyone may read a post, not only the audience of an advertisement."""
    return (
        post.get("visibility") == "PUBLIC"
        and value_at(post, "distribution", "feedDistribution") != "NONE"
    )


PLATFORM = Platform(
    name="linkedin",
    payloads=payloads,
    map=map_payload,
    reader="ingestion.readers.linkedin:LinkedInReader",
    native_id=known_by_post_id,
    is_own=_is_own,
)


def _contents(item: Json) -> tuple[list[Json], list[Json]]:
    if not isinstance(item, dict):
        return [item], []
    for name in ("elements", "notifications", "body"):
        if isinstance(item.get(name), dict | list) and "id" not in item:
            return [], [item[name]]
    if isinstance(item.get("results"), dict):
        return [], list(item["results"].values())
    return [item], []


def _notice(notice: dict[str, Json], observed_at: int | None) -> Mapped:
    """Map a notice. Only one of a deletion says enough; of others the reader fetches the object."""
    action = required_field(notice, "action", str)
    if action != "COMMENT_DELETE":
        return Ignored(kind=f"notice {action}" if action in _ACTIONS else "notice")
    urn = required_field(notice, "generatedActivity", str)
    if not _COMMENT_URN.fullmatch(urn):
        raise WrongFieldError("generatedActivity")
    said_at = count_micros(notice.get("lastModifiedAt"), per_second=1000) or 0
    left = fields_of(notice, _NOTICE_FIELDS)
    return Post(post_id=urn, op="delete", version=max(observed_at or 0, said_at), raw=left)


def _deleted(post: dict[str, Json], observed_at: int | None) -> Post:
    created_at = _time(post, "createdAt")
    return Post(
        post_id=_post_urn(post),
        op="delete",
        version=max(observed_at or 0, _edited_at(created_at, post.get("lastModifiedAt"))),
        created_at=created_at,
        raw=fields_of(post, _DELETE_FIELDS),
    )


def _post(post: dict[str, Json]) -> Post:
    urn = _post_urn(post)
    author = required_field(post, "author", str)
    created_at = _time(post, "createdAt")
    marked = optional_text(post, "commentary") or ""
    text = _ESCAPED.sub(r"\1", _HASHTAG.sub(r"#\1", _MENTION.sub(r"\1", marked)))
    people = [
        _ESCAPED.sub(r"\1", name)
        for name, mentioned in _MENTION.findall(marked)
        if not mentioned.startswith(_ORGANISATION)
    ]
    return Post(
        post_id=urn,
        version=_edited_at(created_at, post.get("lastModifiedAt")),
        created_at=created_at,
        author_id=author,
        mentions=distinct(name for name in people if name),
        text=text or None,
        url=f"https://www.linkedin.com/feed/update/{urn}",
        channel=author if author.startswith(_ORGANISATION) else None,
        hashtags=distinct(hashtags(text)),
        raw=post,
    )


def _comment(comment: dict[str, Json]) -> Post:
    subject = required_field(comment, "object", str)
    created_at = _time(comment, "created", "time")
    parent = optional_text(comment, "parentComment")
    text = value_at(comment, "message", "text")
    if not isinstance(text, str):
        raise WrongFieldError("message.text")
    return Post(
        post_id=_comment_urn(comment, subject),
        version=_edited_at(created_at, value_at(comment, "lastModified", "time")),
        created_at=created_at,
        author_id=required_field(comment, "actor", str),
        mentions=_named(comment, text),
        text=text or None,
        reply_to=parent or subject,
        hashtags=distinct(hashtags(text)),
        metrics=integer_counts(
            {
                "like_count": value_at(comment, "likesSummary", "totalLikes"),
                "comment_count": value_at(comment, "commentsSummary", "aggregatedTotalComments"),
            }
        ),
        raw=comment,
    )


def _post_urn(post: dict[str, Json]) -> str:
    urn = required_field(post, "id", str)
    if not _POST_URN.fullmatch(urn):
        raise WrongFieldError("id")
    return urn


def _comment_urn(comment: dict[str, Json], subject: str) -> str:
    for urn in (
        comment.get("commentUrn"),
        comment.get("$URN"),
        f"urn:li:comment:({subject},{comment.get('id')})",
    ):
        if isinstance(urn, str) and _COMMENT_URN.fullmatch(urn):
            return urn
    raise WrongFieldError("id")


def _time(holder: dict[str, Json], *names: str) -> int:
    micros = count_micros(value_at(holder, *names), per_second=1000)
    if micros is None:
        raise WrongFieldError(".".join(names))
    return micros


def _edited_at(created_at: int, modified: Json) -> int:
    """Return when a post or comment was last changed; 0 if it never was."""
    modified_at = count_micros(modified, per_second=1000)
    if modified is not None and modified_at is None:
        raise WrongFieldError("lastModified")
    return modified_at if modified_at is not None and modified_at > created_at else 0


def _named(comment: dict[str, Json], text: str) -> tuple[str, ...]:
    """Return the parts of the text that mention people; companies are not persons."""
    names = []
    for mark in items_of_type(value_at(comment, "message", "attributes"), dict):
        start = mark.get("start")
        length = mark.get("length")
        value = mark.get("value")
        if (
            isinstance(start, int)
            and isinstance(length, int)
            and start >= 0
            and "Company" not in str(value)
        ):
            names.append(text[start : start + max(0, length)])
    return distinct(items_of_type(names, str))
