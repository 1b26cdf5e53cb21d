"""Simulate Hacker News' Firebase API: maxitem, item and updates, with `null` and dead items.

API: https://github.com/HackerNews/API
"""

import html
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ingestion.simulators.server.base import Simulator
from ingestion.simulators.server.http import HTTP_FAULTS, Answer, Request, http_server
from ingestion.simulators.server.scenario import SECOND
from ingestion.simulators.server.state import Faults, SimulatedPost, World

_ITEM = re.compile(r"/v0/item/(\d+)\.json")
_STORY_EVERY = 3
_DEAD_EVERY = 2
_UPDATES = 400  # ids that `updates` holds
_HUGE = 10_000_000


@contextmanager
def _serve(world: World, faults: Faults, bind: tuple[str, int]) -> Iterator[str]:
    def respond(request: Request) -> Answer:
        posts = world.posts()
        if item := _ITEM.fullmatch(request.path):
            post = posts.get(int(item[1]))
            return Answer(None if post is None or faults.next("null") else item_of(post))
        match request.path:
            case "/v0/maxitem.json":
                return Answer(max(posts, default=1))
            case "/v0/updates.json":
                changed = sorted(
                    (post for post in posts.values() if post.changed_at > post.created_at),
                    key=lambda post: -post.changed_at,
                )
                return Answer(
                    {"items": [post.number for post in changed[:_UPDATES]], "profiles": ["someone"]}
                )
        return Answer({"error": "Permission denied"}, status=401)

    with http_server(respond, faults, bind) as address:
        yield address


SIMULATOR = Simulator("hackernews", _serve, (*HTTP_FAULTS, "null"))


def item_of(post: SimulatedPost) -> dict[str, Any]:
    """Return an item as the API shows it."""
    is_story = post.number % _STORY_EVERY == 0
    item: dict[str, Any] = {
        "by": f"member{post.author}",
        "id": post.number,
        "text": _markup(post.text + ("x" * _HUGE if post.defect == "huge" else "")),
        "time": post.created_at // SECOND,
        "type": "story" if is_story else "comment",
    }
    if is_story:
        item |= {
            "title": f"Story {post.number}",
            "score": 1 + post.number % 90,
            "descendants": post.number % 7,
        }
        item |= {"url": f"https://example.org/{post.number}"} if post.number % 2 else {}
    else:
        item["parent"] = max(1, post.number - post.number % _STORY_EVERY)
    if post.deleted_at is not None:
        if post.number % _DEAD_EVERY:
            return {
                name: item[name] for name in ("id", "time", "type", "parent") if name in item
            } | {"deleted": True}
        item["dead"] = True
    if post.defect == "no_id":
        del item["id"]
    if post.defect == "time_as_text":
        item["time"] = "yesterday"
    return item


def _markup(text: str) -> str:
    """Convert text to HTML: paragraphs begin with a bare <p>, quotes and slashes are entities."""
    return html.escape(text).replace("/", "&#x2F;").replace("\n\n", "<p>")
