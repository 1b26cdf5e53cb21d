"""Build a platform's payload around a made post, so that `raw` has a realistic form and size."""

from collections.abc import Callable
from typing import Any

from ingestion.platform import Post
from schemas.epoch import to_datetime

Payload = dict[str, Any]  # a JSON object


def payload(platform: str, post: Post) -> Payload:
    """Return the payload that the platform would have sent for the post."""
    if post.op == "delete":
        return _delete(platform, post)
    shape = _SHAPES.get(platform)
    return shape(post) if shape else _status(platform, post)


def _delete(platform: str, post: Post) -> Payload:
    marks: Payload = {"kind": "delete", "platform": platform, "made": True}
    return {
        **({"deleted": True} if platform == "custom" else marks),
        "id": post.post_id,
        "time": _iso(post.version),
    }


def _reddit(post: Post) -> Payload:
    data = dict.fromkeys(_REDDIT_FLAGS, False) | dict.fromkeys(_REDDIT_NULLS)
    data |= {
        "name": post.post_id,
        "id": post.post_id[3:],
        "author": post.author_handle,
        "author_fullname": post.author_id,
        "title": post.title,
        "selftext": post.text,
        "created_utc": _seconds(post),
        "subreddit": post.channel,
        "subreddit_name_prefixed": f"r/{post.channel}",
        "permalink": post.url,
        "parent_id": post.reply_to,
        "score": post.metrics["score"],
        "ups": post.metrics["score"],
        "num_comments": post.metrics["replies"],
        "edited": post.version // 1_000_000 or False,
        "upvote_ratio": 0.87,
        "subreddit_subscribers": 48213,
        "subreddit_type": "public",
        "domain": f"self.{post.channel}",
        "thumbnail": "self",
        "gilded": 0,
        "author_flair_type": "text",
        "link_flair_text_color": "dark",
        "all_awardings": [],
        "mod_reports": [],
    }
    return {"kind": post.post_id[:2], "data": data}


def _hackernews(post: Post) -> Payload:
    return {
        "by": post.author_handle,
        "id": post.post_id,
        "parent": post.reply_to,
        "score": post.metrics["score"],
        "time": _seconds(post),
        "title": post.title,
        "text": post.text,
        "type": "story",
        "kids": [],
        "descendants": post.metrics["replies"],
        "url": post.url,
        "channel": post.channel,
        "padding": "n" * 200,
    }


def _bluesky(post: Post) -> Payload:
    did, _, key = post.post_id.partition("/app.bsky.feed.post/")
    record = {
        "$type": "app.bsky.feed.post",
        "text": post.text,
        "langs": [post.lang],
        "createdAt": _iso(post.created_at),
        "facets": [
            {"features": [{"$type": "app.bsky.richtext.facet#tag", "tag": tag}]}
            for tag in post.hashtags
        ],
        "reply": post.reply_to
        and {"parent": {"uri": f"at://{post.reply_to}"}, "root": {"uri": f"at://{post.reply_to}"}},
    }
    commit = {
        "rev": key[:12],
        "operation": "update" if post.version else "create",
        "collection": "app.bsky.feed.post",
        "rkey": key,
        "record": record,
        "cid": f"bafyrei{key * 4}",
    }
    return {
        "did": did,
        "time_us": post.created_at,
        "kind": "commit",
        "commit": commit,
        "handle": post.author_handle,
    }


def _custom(post: Post) -> Payload:
    return {
        "id": post.post_id,
        "time": _iso(post.created_at),
        "edited": _iso(post.version) if post.version else None,
        "author": post.author_handle,
        "channel": post.channel,
        "language": post.lang,
        "title": post.title,
        "text": post.text,
    }


def _status(platform: str, post: Post) -> Payload:
    account: Payload = {
        "id": post.author_id,
        "username": post.author_handle,
        "display_name": post.author_name,
        "bot": False,
        "locked": False,
        "followers_count": 312,
        "following_count": 205,
        "statuses_count": 1874,
        "group": False,
        "avatar": f"https://media.example/{platform}/avatars/original.png",
        "emojis": [],
        "fields": [],
    }
    return {
        "id": post.post_id,
        "created_at": _iso(post.created_at),
        "edited_at": _iso(post.version) if post.version else None,
        "poll": None,
        "in_reply_to_id": post.reply_to,
        "sensitive": False,
        "spoiler_text": "",
        "visibility": "public",
        "language": post.lang,
        "uri": post.post_id,
        "url": post.url,
        "replies_count": post.metrics["replies"],
        "reblogs_count": post.metrics["shares"],
        "favourites_count": post.metrics["score"],
        "title": post.title,
        "content": post.text,
        "channel": post.channel,
        "account": account,
        "media_attachments": [],
        "mentions": [{"username": name, "acct": name} for name in post.mentions],
        "tags": [
            {"name": tag, "url": f"https://media.example/tags/{tag}"} for tag in post.hashtags
        ],
        "emojis": [],
        "card": None,
    }


def _iso(micros: int | None) -> str | None:
    return None if micros is None else to_datetime(micros).isoformat()


def _seconds(post: Post) -> int | None:
    return None if post.created_at is None else post.created_at // 1_000_000


_REDDIT_FLAGS = (
    "saved",
    "clicked",
    "hidden",
    "pinned",
    "archived",
    "is_meta",
    "is_video",
    "spoiler",
    "locked",
    "stickied",
    "over_18",
    "no_follow",
    "is_crosspostable",
    "send_replies",
    "contest_mode",
    "author_premium",
    "media_only",
    "can_gild",
    "quarantine",
)
_REDDIT_NULLS = (
    "approved_at_utc",
    "mod_reason_title",
    "top_awarded_type",
    "link_flair_css_class",
    "suggested_sort",
    "banned_at_utc",
    "view_count",
    "likes",
    "removed_by",
    "num_reports",
    "distinguished",
    "mod_reason_by",
    "removal_reason",
    "discussion_type",
)


_SHAPES: dict[str, Callable[[Post], Payload]] = {
    "reddit": _reddit,
    "bluesky": _bluesky,
    "hackernews": _hackernews,
    "custom": _custom,
}
