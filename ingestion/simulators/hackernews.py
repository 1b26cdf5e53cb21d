"""Hacker News' Firebase API: maxitem, item, updates, with `null`, `deleted` and `dead` items."""

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
            made = posts.get(int(item[1]))
            return Answer(None if made is None or faults.next("null") else item_of(made))
        match request.path:
            case "/v0/maxitem.json":
                return Answer(max(posts, default=1))
            case "/v0/updates.json":
                changed = sorted(
                    (made for made in posts.values() if made.changed_at > made.created_at),
                    key=lambda made: -made.changed_at,
                )
                return Answer(
                    {"items": [made.number for made in changed[:_UPDATES]], "profiles": ["someone"]}
                )
        return Answer({"error": "Permission denied"}, status=401)

    with http_server(respond, faults, bind) as address:
        yield address


SIMULATOR = Simulator("hackernews", _serve, (*HTTP_FAULTS, "null"))


def item_of(made: SimulatedPost) -> dict[str, Any]:
    """Return an item as the API shows it."""
    is_story = made.number % _STORY_EVERY == 0
    item: dict[str, Any] = {
        "by": f"member{made.author}",
        "id": made.number,
        "text": _markup(made.text + ("x" * _HUGE if made.defect == "huge" else "")),
        "time": made.created_at // SECOND,
        "type": "story" if is_story else "comment",
    }
    if is_story:
        item |= {
            "title": f"Story {made.number}",
            "score": 1 + made.number % 90,
            "descendants": made.number % 7,
        }
        item |= {"url": f"https://example.org/{made.number}"} if made.number % 2 else {}
    else:
        item["parent"] = max(1, made.number - made.number % _STORY_EVERY)
    if made.deleted_at is not None:
        if made.number % _DEAD_EVERY:
            return {
                name: item[name] for name in ("id", "time", "type", "parent") if name in item
            } | {"deleted": True}
        item["dead"] = True
    if made.defect == "no_id":
        del item["id"]
    if made.defect == "time_as_text":
        item["time"] = "yesterday"
    return item


def _markup(text: str) -> str:
    """Convert text to HTML: paragraphs begin with a bare <p>, quotes and slashes are entities."""
    return html.escape(text).replace("/", "&#x2F;").replace("\n\n", "<p>")
