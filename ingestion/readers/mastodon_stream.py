"""Read a Mastodon instance's stream, after REST has read the time since the cursor.

The stream cannot be resumed, and REST shows no edits and deletes. Those between two connections are
a gap, which a sweep closes. A delete names only an id, to which the post's sighting adds the `uri`.

API: https://docs.joinmastodon.org/methods/streaming
"""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import chain
from urllib.parse import urlencode

from ingestion.parsing.json_body import parse_json
from ingestion.parsing.json_fields import parse_json_text
from ingestion.platform import Json
from ingestion.reader import Context, Gap, GapReason, SourceBatch
from ingestion.readers.clients.websocket import frames
from ingestion.readers.mastodon_instance import Instance, order

_FULL = 200  # frames in a batch
_LINGER_S = 0.5  # until a batch with fewer frames is yielded


@dataclass(slots=True)
class _Collected:
    """Frames for the next batch."""

    documents: list[Json] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    uris: dict[str, str] = field(default_factory=dict)  # by id; their sightings are not saved yet
    began: float = field(default_factory=time.monotonic)

    def is_due(self) -> bool:
        return len(self.documents) >= _FULL or time.monotonic() - self.began >= _LINGER_S


def streamed(instance: Instance, context: Context) -> Iterator[SourceBatch]:
    """Yield the statuses since the cursor, then the stream's frames for ever."""
    tag = {"tag": instance.tags[0]} if instance.tags else {}
    query = urlencode({"stream": "hashtag" if tag else "public", **tag})
    url = f"{str(instance.streaming()).rstrip('/')}/api/v1/streaming?{query}"
    feed = instance.feeds[0]
    newest = instance.saved()
    pushed = frames(url, "/api/v1/streaming", context, headers=instance.auth())
    first = next(pushed)  # connected: from here on the stream misses nothing
    left_at = newest.get("at", "")
    now = context.clock()
    newest["at"] = str(now)
    gaps = (_gap(instance.name, int(left_at), now),) if left_at.isdecimal() else ()
    yield SourceBatch(source=instance.name, cursor=json.dumps(newest), gaps=gaps)
    yield from instance.new_statuses(newest)
    collected = _Collected()
    heard_at = now
    for frame in chain([first], pushed):
        if frame is not None:
            newest[feed] = max(
                newest.get(feed, ""), _collect(instance.name, context, frame, collected), key=order
            )
        if collected.is_due():
            at = context.clock()
            newest |= {"at": str(at), "read_at": str(at)}
            batch = instance.batch(
                collected.documents, newest, "/api/v1/streaming", collected.broken
            )
            yield replace(batch, covered=(heard_at, at))
            collected = _Collected()
            heard_at = at


def _collect(name: str, context: Context, frame: bytes, collected: _Collected) -> str:
    """Add a frame to the batch, and return the id of a new status, else an empty text."""
    try:
        event = parse_json(frame)
    except ValueError:
        event = None
    if not isinstance(event, dict):
        context.telemetry.trouble("not_json")
        collected.broken.append(frame.decode("utf-8", "backslashreplace"))
        return ""
    payload = event.get("payload")
    number = ""
    if event.get("event") == "delete" and isinstance(payload, str):
        known = context.memory.by_native_id(name, payload)
        uri = collected.uris.get(payload) or (known.post_id if known else None)
        event = {**event, "uri": uri} if uri else event
    elif isinstance(payload, str) and isinstance(status := parse_json_text(payload), dict):
        number = str(status.get("id"))
        collected.uris[number] = str(status.get("uri"))
    collected.documents.append(event)
    return number if event.get("event") == "update" else ""


def _gap(name: str, since: int, until: int) -> Gap:
    return Gap(source=name, since=since, until=until, reason=GapReason.CHANGES_UNSEEN)
