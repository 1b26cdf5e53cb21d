"""Map posts and comments of Facebook's Graph API, which come alone, in feeds or by id.

A comment inside a post or comment is a payload of its own, and the outer one keeps nothing of it.
Pages, people, photos, albums, videos, events, conversations, messages and likes are ignored by
kind. docs/reference/platforms.md explains `updated_time` and the ids of comments.

Posts: https://developers.facebook.com/docs/graph-api/reference/page/published_posts/
"""

import re
from collections.abc import Iterator

from ingestion.parsing.html_text import hashtags
from ingestion.parsing.json_fields import (
    distinct,
    integer_counts,
    is_only_text,
    items_of_type,
    kind_by_field,
    optional_text,
    payloads_within,
    value_at,
)
from ingestion.parsing.timestamps import iso_micros
from ingestion.platform import (
    Ignored,
    Json,
    Mapped,
    Platform,
    Post,
    WrongFieldError,
    unmappable_on_wrong_field,
)

_POST_ID = re.compile(r"(\d{1,20})_(\d{1,20})(?:_(\d{1,20}))?")
_PRIVATE_ID = re.compile(r"(?:m|t|mid|aem)[_.]")  # ids of messages and conversations
_OBJECT_ID = re.compile(r"[\w.=-]*\d[\w.=-]*")
_PERMALINK = re.compile(
    r"https?://[\w.]*facebook\.com/(\d{1,20})/posts/(\d{1,20})/?\?comment_id=(\d{1,20})(?:&reply_comment_id=(\d{1,20}))?"
)
_COMMENT_FIELDS = ("comment_count", "like_count", "parent", "can_remove", "user_likes")
_REACTIONS = (
    "reactions",
    "likes",
    "like",
    "love",
    "wow",
    "haha",
    "sad",
    "angry",
    "care",
    "thankful",
    "pride",
)
_KINDS = (
    ("to", "private message"),
    ("message", "private message"),
    ("message_count", "conversation"),
    ("snippet", "conversation"),
    ("error", "error"),
    ("start_time", "event"),
    ("embed_html", "live video"),
    ("live_views", "live video"),
    ("length", "video"),
    ("first_name", "user"),
    ("profile_type", "like"),
    ("verification_status", "page or business"),
    ("fan_count", "page or business"),
    ("member_count", "group"),
    ("tasks", "page or business"),
    ("login_url", "page or business"),
    ("category", "page or business"),
    ("is_silhouette", "picture"),
    ("description", "video"),
    ("count", "album"),
    ("link", "photo or page"),
    ("name", "album or user"),
    ("created_time", "photo"),
)


def payloads(document: Json) -> Iterator[Json]:
    """Yield the single posts and comments of a document, and anything else as it is."""
    return payloads_within(document, _contents)


def _publicly(payload: Json) -> Json:
    """Return a post that declares itself public; comments declare nothing."""
    is_public = (
        isinstance(payload, dict)
        and _is_post(payload)
        and value_at(payload, "privacy", "value") == "EVERYONE"
    )
    return payload if is_public and not _is_hidden(payload) and is_only_text(payload) else None


def _is_own(payload: Json) -> bool:
    """Return whether a payload has the Graph API's `created_time`, or a post's id and link."""
    if not isinstance(payload, dict):
        return False
    is_post = _POST_ID.fullmatch(str(payload.get("id"))) and "permalink_url" in payload
    return bool(is_post) or "created_time" in payload


@unmappable_on_wrong_field(_publicly)
def map_payload(payload: Json, observed_at: int | None) -> Mapped:
    """Map one post or comment to a post or a delete; other objects are ignored by kind."""
    if not isinstance(payload, dict):
        raise WrongFieldError("id")
    if payload.get("deleted") is True:
        return _deleted(payload, observed_at)
    if not _is_post(payload):
        return Ignored(kind=kind_by_field(payload, _KINDS) or "other")
    if _is_hidden(payload):
        return Ignored(kind="hidden post")
    if value_at(payload, "privacy", "value") not in (None, "", "EVERYONE"):
        return Ignored(kind="non-public post")
    return _post(payload)


def _is_hidden(item: dict[str, Json]) -> bool:
    return (
        item.get("is_private") is True
        or item.get("is_hidden") is True
        or item.get("is_published") is False
    )


PLATFORM = Platform(
    name="facebook",
    payloads=payloads,
    map=map_payload,
    reader="ingestion.readers.facebook:FacebookReader",
    native_id=lambda payload: str(payload.get("id") or ""),
    is_own=_is_own,
)


def _contents(item: Json) -> tuple[list[Json], list[Json]]:
    if not isinstance(item, dict):
        return [item], []
    if "id" not in item and "message" not in item:
        inner = next(
            (item[name] for name in ("data", "body") if isinstance(item.get(name), dict | list)),
            None,
        )
        if inner is not None:
            return [], [inner]
        if item and all(
            isinstance(value, dict) and _OBJECT_ID.fullmatch(key) for key, value in item.items()
        ):
            return [], list(item.values())  # several objects by their ids
    return _split(item) if _is_post(item) else ([item], [])


def _is_post(item: dict[str, Json]) -> bool:
    """Return whether an object is a post or comment; its id has two or three parts, or none."""
    number = str(item.get("id"))
    if "to" in item or "message_count" in item or _PRIVATE_ID.match(number):
        return False
    has_text = "message" in item and ("created_time" in item or "permalink_url" in item)
    return has_text or _POST_ID.fullmatch(number) is not None


def _split(item: dict[str, Json]) -> tuple[list[Json], list[Json]]:
    """Split a post or comment from the comments inside it, and remove the people who liked it."""
    own = dict(item)
    for name in _REACTIONS:
        if isinstance(liked := own.get(name), dict) and "data" in liked:
            own[name] = {field: value for field, value in liked.items() if field != "data"}
    for name in ("parent", "object"):  # a reply may carry the whole comment that it answers
        if isinstance(outer := own.get(name), dict):
            own[name] = {"id": outer.get("id")}
    comments = own.get("comments")
    if not isinstance(comments, dict) or "data" not in comments:
        return [own], []
    own["comments"] = {
        field: value for field, value in comments.items() if field not in ("data", "paging")
    }
    parent = {"parent": {"id": item.get("id")}} if "id" in item else {}
    return [own], [{**parent, **comment} for comment in items_of_type(comments["data"], dict)]


def _deleted(notice: dict[str, Json], observed_at: int | None) -> Post:
    """Map the document by which our reader says that a post is no longer shown."""
    post_id = str(notice.get("id"))
    if not _POST_ID.fullmatch(post_id):
        raise WrongFieldError("id")
    return Post(
        post_id=post_id, op="delete", version=observed_at or 0, raw={"id": post_id, "deleted": True}
    )


def _post(item: dict[str, Json]) -> Post:
    url = optional_text(item, "permalink_url")
    link = _PERMALINK.match(url or "")
    post_id, page, is_comment = _identity(item, url or "", link)
    created_at = _time(item, "created_time")
    text = optional_text(item, "message")
    author = value_at(item, "from")
    author = author if isinstance(author, dict) else {}
    return Post(
        post_id=post_id,
        version=0 if is_comment else _updated_at(item, created_at),
        created_at=created_at,
        author_id=optional_text(author, "id"),
        author_name=optional_text(author, "name"),
        mentions=_mentions(item),
        text=text,
        url=url,
        channel=page,
        reply_to=_reply_to(item, link, page) if is_comment else None,
        hashtags=distinct(hashtags(text)),
        metrics=_metrics(item),
        raw=item,
    )


def _identity(
    item: dict[str, Json], url: str, link: re.Match[str] | None
) -> tuple[str, str | None, bool]:
    """Return the canonical id, the page where known, and whether it is a comment.

    The id is `page_post` or `post_comment`.
    """
    parts = _POST_ID.fullmatch(str(item.get("id")))
    if parts is None:
        if link is None or "id" in item:
            raise WrongFieldError("id")
        return f"{link[2]}_{link[4] or link[3]}", link[1], True
    if parts[3]:
        return f"{parts[2]}_{parts[3]}", parts[1], True
    if "comment_id=" in url or any(name in item for name in _COMMENT_FIELDS):
        return parts[0], link[1] if link else None, True
    return parts[0], parts[1], False


def _reply_to(item: dict[str, Json], link: re.Match[str] | None, page: str | None) -> str | None:
    """Return the id that a comment answers: a comment's `post_comment` or a post's `page_post`."""
    if link and link[4]:
        return f"{link[2]}_{link[3]}"
    parent = _POST_ID.fullmatch(str(value_at(item, "parent", "id")))
    if parent:
        return f"{parent[2]}_{parent[3]}" if parent[3] else parent[0]
    parts = _POST_ID.fullmatch(str(item.get("id")))
    post = link[2] if link else parts[2] if parts and parts[3] else None
    return f"{page}_{post}" if page and post else None


def _time(item: dict[str, Json], name: str) -> int:
    micros = iso_micros(item.get(name))
    if micros is None or micros < 0:
        raise WrongFieldError(name)
    return micros


def _updated_at(item: dict[str, Json], created_at: int) -> int:
    """Return when a post last changed; 0 if it never did.

    A new comment moves this time too. The content and so the event id stay the same, so the job
    counts a duplicate and no edit.
    """
    updated_at = _time(item, "updated_time") if item.get("updated_time") is not None else 0
    return updated_at if updated_at > created_at else 0


def _mentions(item: dict[str, Json]) -> tuple[str, ...]:
    """Return the names of people in the text; pages and groups are not persons."""
    tags = items_of_type(item.get("message_tags"), dict)
    return distinct(
        items_of_type([tag.get("name") for tag in tags if tag.get("type") in (None, "user")], str)
    )


def _metrics(item: dict[str, Json]) -> dict[str, int]:
    def total(name: str) -> Json:
        value = item.get(name)
        return (
            value
            if isinstance(value, int)
            else value_at(value, "summary", "total_count") or value_at(value, "count")
        )

    return integer_counts(
        {
            "like_count": item.get("like_count", total("likes")),
            "comment_count": item.get("comment_count", total("comments")),
            "reaction_count": total("reactions"),
            "share_count": total("shares"),
        }
    )
