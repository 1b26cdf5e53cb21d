"""Reddit: things ({kind, data}), alone, in Listings, threads or collections, become posts.

Lines of Pushshift's and Arctic Shift's dumps are the data alone, without `kind`: one with a `body`
is a comment, one with a `title` a submission.
Every comment is a payload of its own, also those inside another's `replies`. Nested things
(`replies`, `collections`, the parents of a crosspost) are left out of `raw`: a text must not
survive its deletion inside another post's payload. For the same reason the `raw` of a delete keeps
only the mark of the removal. A crosspost's parents are not posts seen.
`ingestion/parsing/reddit_removals.py` and ADR 22 say how removals are recognised.
"""

import html
import re
from collections.abc import Iterator

from ingestion.parsing.json_fields import (
    fields_of,
    integer_counts,
    is_only_text,
    kind_by_field,
    value_at,
)
from ingestion.parsing.reddit_removals import is_placeholder, removal_of
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

_TEXT_FIELD = {"t1": "body", "t3": "selftext"}  # comment, submission
_OPEN = ("public", "restricted", "archived", "user")  # types of subreddits
_KINDS = ("t1", "t2", "t3", "t4", "t5", "t6", "more", "Listing")
_CLOSED = ("private", "employees_only", "gold_only")
_NESTED = ("replies", "collections", "crosspost_parent_list")
_MAX_DEPTH = 12  # levels of objects around a thing
_FLAT_FIELDS = ("created_utc", "subreddit")  # of which a line of a dump has one
_FULLNAME = re.compile(r"(t\d)_[0-9A-Za-z]{1,32}")
_SECONDS = re.compile(r"\d{1,12}(?:\.\d{1,9})?")  # older dumps write times as text
_DELETE_FIELDS = ("name", "id", "created_utc", "edited", "subreddit")
_METRICS = (
    "score",
    "ups",
    "downs",
    "num_comments",
    "num_crossposts",
    "gilded",
    "total_awards_received",
)
_MENTION = re.compile(r"(?:(?<![\w/])|(?<=reddit\.com))/?u(?:ser)?/([A-Za-z0-9_-]{2,20})(?![\w-])")
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_BARE = re.compile(r"[<>]|&(?!amp;|lt;|gt;)")  # never in a text that the API has escaped
_LATEST_SECOND = 253_402_300_799  # the year 9999


def payloads(document: Json) -> Iterator[Json]:
    """Yield the single things of a document in its order, and anything else as it is."""
    todo = [document]
    while todo:
        item = todo.pop()
        if isinstance(item, list):
            todo.extend(reversed(item))
        elif (inside := _contents(item)) is not None:
            todo.append(inside)
        else:
            thing, replies = _split(_as_thing(item))
            yield thing
            if replies is not None:
                todo.append(replies)


def _publicly(payload: Json) -> Json:
    """Return a comment or submission of a subreddit that declares itself public."""
    is_post = value_at(payload, "kind") in ("t1", "t3")
    is_open = is_post and value_at(payload, "data", "subreddit_type") in _OPEN
    return payload if is_open and is_only_text(payload, "data") else None


def _is_own(payload: Json) -> bool:
    """Return whether it is a thing, of whatever kind, or a container of things."""
    return value_at(payload, "kind") in _KINDS and "data" in payload


@unmappable_on_wrong_field(_publicly)
def map_payload(payload: Json, observed_at: int | None) -> Mapped:
    """Map one thing to a post, a delete, or neither."""
    kind = payload.get("kind") if isinstance(payload, dict) else None
    if not isinstance(kind, str):
        raise WrongFieldError("kind")
    if kind == "Listing":
        raise WrongFieldError("data.children")
    if kind not in _TEXT_FIELD:
        return Ignored(kind=kind)  # t4 is a private message
    if not isinstance(payload.get("data"), dict):
        raise WrongFieldError("data")
    if _is_gone(kind, payload["data"]):
        return _delete(kind, payload["data"], observed_at)
    if payload["data"].get("subreddit_type") in _CLOSED:
        return Ignored(kind="private subreddit")
    return _post(kind, payload["data"], payload, observed_at)


PLATFORM = Platform(
    name="reddit",
    payloads=payloads,
    map=map_payload,
    reader="ingestion.readers.reddit:RedditReader",
    native_id=known_by_post_id,
    is_own=_is_own,
)


def _contents(item: Json) -> Json:
    """Return the contents of a container; None where the item is none."""
    if not isinstance(item, dict):
        return None
    data = item.get("data")
    if item.get("kind") == "Listing":
        return _list(data, "children")
    if "kind" in item or _flat_kind(item):
        return None
    if isinstance(item.get("body"), dict | list):
        return item["body"]
    return data if _holds_flat(data) else _things_in(item) or None


def _as_thing(item: Json) -> Json:
    """Return a line of a dump as the thing that the API would give; anything else as it is."""
    kind = _flat_kind(item)
    return {"kind": kind, "data": item} if kind else item


def _flat_kind(item: Json) -> str | None:
    """Return the kind of a thing that comes without it; None where the item is none.

    A private message (t4) and a subreddit (t5) have a text or a title, too.
    """
    if not isinstance(item, dict) or "kind" in item or isinstance(item.get("body"), dict | list):
        return None
    if not any(name in item for name in _FLAT_FIELDS):
        return None
    if named := _FULLNAME.fullmatch(str(item.get("name"))):
        return named[1]
    fields = (("dest", "t4"), ("display_name", "t5"), ("body", "t1"), ("title", "t3"))
    return kind_by_field(item, fields)


def _holds_flat(data: Json) -> bool:
    """Return whether an answer's `data` is a line of a dump, or a list of them."""
    lines = data if isinstance(data, list) else [data]
    return any(_flat_kind(line) for line in lines)


def _things_in(holder: dict[str, Json]) -> list[Json]:
    """Return the things and Listings inside an object that is none itself, in its order.

    Such are the answer of /api/morechildren (`json.data.things`), a collection (`sorted_links`), a
    recorder's wrapper.
    """
    things: list[Json] = []
    todo: list[tuple[Json, int]] = [(value, 1) for value in reversed(holder.values())]
    while todo:
        item, depth = todo.pop()
        if isinstance(item, dict) and _is_thing(item):
            things.append(item)
        elif isinstance(item, dict | list) and depth < _MAX_DEPTH:
            values = list(item.values() if isinstance(item, dict) else item)
            todo += [(value, depth + 1) for value in reversed(values)]
    return things


def _is_thing(item: dict[str, Json]) -> bool:
    return isinstance(item.get("kind"), str) and isinstance(item.get("data"), dict)


def _list(holder: Json, name: str) -> list[Json] | None:
    values = holder.get(name) if isinstance(holder, dict) else None
    return values if isinstance(values, list) else None


def _split(thing: Json) -> tuple[Json, Json]:
    """Split a thing from its replies, without other objects that nest in it."""
    data = thing.get("data") if isinstance(thing, dict) else None
    if not isinstance(data, dict) or not any(data.get(name) for name in _NESTED):
        return thing, None
    own = {name: value for name, value in data.items() if name not in _NESTED}
    nested = [data.get("replies"), _things_in({"collections": data.get("collections")})]
    return {**thing, "data": own}, [inside for inside in nested if inside] or None


def _post(kind: str, data: dict[str, Json], payload: Json, observed_at: int | None) -> Post:
    text = _string(data, _TEXT_FIELD[kind], required=kind == "t1")
    title = _string(data, "title", required=kind == "t3")
    if _is_escaped(data, title, text):
        title = _unescaped(title)
        text = _unescaped(text)
    text = _resolved(text)
    author = _string(data, "author", required=False)
    author = None if author == "[deleted]" else author
    channel = _channel(data)
    return Post(
        post_id=_fullname(kind, data),
        version=_edited_at(data, observed_at),
        created_at=_micros(data, "created_utc"),
        author_id=author,
        author_handle=author,
        mentions=tuple(dict.fromkeys(_MENTION.findall(f"{title or ''}\n{text or ''}"))),
        title=title,
        text=text,
        url=_url(data),
        channel=channel,
        channel_is_profile=channel is not None and channel.lower().startswith("u_"),
        reply_to=_string(data, "parent_id", required=False) if kind == "t1" else None,
        metrics=integer_counts({name: data.get(name) for name in _METRICS}),
        rights={"indexable": False} if data.get("is_robot_indexable") is False else {},
        raw=payload,
    )


def _placeholders(kind: str, data: dict[str, Json]) -> dict[str, Json]:
    """Return the texts of a thing that replace removed ones."""
    names = ("title", _TEXT_FIELD[kind]) if kind == "t3" else (_TEXT_FIELD[kind],)
    texts = {name: data[name] for name in names if isinstance(data.get(name), str)}
    return {name: text for name, text in texts.items() if is_placeholder(text)}


def _is_gone(kind: str, data: dict[str, Json]) -> bool:
    return bool(_placeholders(kind, data) or removal_of(data))


def _delete(kind: str, data: dict[str, Json], observed_at: int | None) -> Post:
    left = fields_of(data, _DELETE_FIELDS)
    left |= removal_of(data) | _placeholders(kind, data)
    return Post(
        post_id=_fullname(kind, data),
        op="delete",
        version=max(_edited_at(data, observed_at), observed_at or 0),
        created_at=_micros(data, "created_utc"),
        raw={"kind": kind, "data": left},
    )


def _fullname(kind: str, data: dict[str, Json]) -> str:
    for name, prefix in (("name", ""), ("id", f"{kind}_")):
        value = data.get(name)
        if isinstance(value, str) and re.fullmatch(f"{kind}_[0-9A-Za-z]{{1,32}}", prefix + value):
            return prefix + value
    raise WrongFieldError("name")


def _string(data: dict[str, Json], name: str, *, required: bool) -> str | None:
    """Return a text field; None where it is empty."""
    value = data.get(name)
    if isinstance(value, str) or (value is None and not required):
        return value or None
    raise WrongFieldError(name)


def _micros(data: dict[str, Json], name: str) -> int:
    seconds = data.get(name)
    if isinstance(seconds, str) and _SECONDS.fullmatch(seconds):
        seconds = float(seconds)
    if (
        isinstance(seconds, bool)
        or not isinstance(seconds, int | float)
        or not 0 <= seconds <= _LATEST_SECOND
    ):
        raise WrongFieldError(name)  # NaN fails the comparison too
    return round(seconds * 1_000_000)


def _edited_at(data: dict[str, Json], observed_at: int | None) -> int:
    """Return when it was edited; 0 for a post as created. Old edits say only `true`."""
    edited = data.get("edited")
    if edited is None or edited is False:
        return 0
    return (observed_at or 0) if edited is True else _micros(data, "edited")


def _is_escaped(data: dict[str, Json], *texts: str | None) -> bool:
    """Return whether `<>&` came as entities, as without raw_json=1.

    The HTML twin tells, or else the texts themselves.
    """
    twin = data.get("body_html") or data.get("selftext_html")
    if isinstance(twin, str):
        return twin.lstrip().startswith("&lt;")
    return not any(_BARE.search(text) for text in texts if text)


def _unescaped(text: str | None) -> str | None:
    return text and text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _resolved(markdown: str | None) -> str | None:
    """Resolve entities in Markdown; only with their semicolon, since a link may hold `&copy=`."""
    return markdown and _ENTITY.sub(lambda entity: html.unescape(entity[0]), markdown)


def _channel(data: dict[str, Json]) -> str | None:
    """Return the subreddit, whichever field names it; promoted posts have none."""
    subreddit = data.get("subreddit")
    if isinstance(subreddit, str) and subreddit:
        return subreddit
    for name in ("subreddit_name_prefixed", "permalink"):
        if match := re.match(r"/?(r|u|user)/([^/]+)", str(data.get(name))):
            return match[2] if match[1] == "r" else f"u_{match[2]}"
    return None


def _url(data: dict[str, Json]) -> str | None:
    """Return the post's address; an answer from the inbox has only `context`, with a query."""
    for name in ("permalink", "context"):
        path = data.get(name)
        if isinstance(path, str) and path.startswith("/"):
            return "https://www.reddit.com" + path.partition("?")[0]
    return None
