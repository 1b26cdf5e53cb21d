"""Simulate Jetstream, v1 and v2: a WebSocket that replays from a cursor, then follows.

API: https://github.com/bluesky-social/jetstream
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from threading import Event
from typing import Any
from urllib.parse import parse_qs, urlsplit

from ingestion.simulators.server.base import Simulator
from ingestion.simulators.server.scenario import SECOND, ScenarioEvent
from ingestion.simulators.server.state import Faults, World
from ingestion.simulators.server.websocket import (
    STREAM_FAULTS,
    Refusal,
    frames_from,
    websocket_server,
)
from schemas.epoch import to_datetime

V1 = "/subscribe"
V2 = "/xrpc/network.bsky.jetstream.subscribeEvents"
_POST = "app.bsky.feed.post"
_ALPHABET = "234567abcdefghijklmnopqrstuvwxyz"
_TIME_CURSOR = 10**15
_FIRST_SEQ = 1000
_V1_NAMES = ("wantedCollections", "wantedDids", "compress", "requireHello")
_LEXICON = "network.bsky.jetstream.subscribeEvents"
_HUGE = 10_000_000


@contextmanager
def _serve(world: World, faults: Faults, bind: tuple[str, int]) -> Iterator[str]:
    with websocket_server(
        bind,
        lambda path, stopping: sent_frames(world, faults, path, stopping),
        refusal=lambda path, _: _refusal(world, path),
    ) as port:
        yield f"http://{bind[0]}:{port}"


SIMULATOR = Simulator("bluesky", _serve, STREAM_FAULTS)


def _refusal(world: World, target: str) -> Refusal | None:
    """Return the answer that refuses a handshake; None accepts it."""
    url = urlsplit(target)
    query = parse_qs(url.query)
    if url.path not in (V1, V2):
        return _bad_request("NotFound", "no such endpoint")
    if url.path == V2 and (wrong := [name for name in _V1_NAMES if name in query]):
        return _bad_request("InvalidRequest", f"unknown parameter {wrong[0]}")
    cursor = int(query.get("cursor", ["0"])[0])
    floor = _FIRST_SEQ + _first(world)
    if url.path == V2 and 0 < cursor < min(floor, _TIME_CURSOR):
        return _bad_request("CursorTooOld", f"cursor is below the retention floor {floor}")
    return None


def _bad_request(error: str, message: str) -> Refusal:
    return HTTPStatus.BAD_REQUEST, {"error": error, "message": message}


def _first(world: World) -> int:
    """Return the index of the oldest event that the window still holds."""
    oldest = world.clock() - int(world.scenario.window_s * SECOND)
    return sum(1 for event in world.events if event.at < oldest)


def sent_frames(world: World, faults: Faults, target: str, stopping: Event) -> Iterator[str]:
    """Yield the frames of a connection to `target`, a path with its query."""
    url = urlsplit(target)
    query = parse_qs(url.query)
    is_v2 = url.path == V2
    first, notice = _begin(world, query, is_v2=is_v2)
    if notice:
        yield notice
    wanted = query.get("dids" if is_v2 else "wantedDids", [])

    def shown(number: int, event: ScenarioEvent) -> str | None:
        if wanted and did(event.author) not in wanted:
            return None
        return json.dumps(v2_message(event, number) if is_v2 else v1_line(event, number))

    yield from frames_from(first, world, faults, stopping, shown)


def _begin(world: World, query: dict[str, list[str]], *, is_v2: bool) -> tuple[int, str | None]:
    """Return the first event to send, and v2's notice if it is later than requested."""
    happened = world.happened()
    first = _first(world)
    if "cursor" not in query:
        return happened, None
    cursor = int(query["cursor"][0])
    if cursor < _TIME_CURSOR and is_v2:
        return min(max(cursor - _FIRST_SEQ, first), happened), None
    requested = sum(1 for event in world.events[:happened] if event.at < cursor)
    notice = {
        "$type": "info",
        "name": "OutdatedCursor",
        "message": f"resumed from {_FIRST_SEQ + first}",
    }
    is_late = is_v2 and requested < first
    return max(requested, first), json.dumps(
        {"$type": "message", "payload": {**notice, "$type": f"{_LEXICON}#info"}}
    ) if is_late else None


def did(author: int) -> str:
    """Return the author's DID, which never changes."""
    return "did:plc:" + _base32((author + 1) * 1_000_003, digits=24)


def tid(micros: int) -> str:
    """Return a record key: a time in microseconds, then the id of a clock."""
    return _base32((micros << 10) | 7, digits=13)


def _base32(number: int, *, digits: int) -> str:
    return "".join(_ALPHABET[(number >> 5 * place) & 31] for place in reversed(range(digits)))


def v1_line(event: ScenarioEvent, index: int) -> dict[str, Any]:
    """Return an event as v1 sends it."""
    line: dict[str, Any] = {"did": did(event.author), "time_us": event.at}
    if event.kind == "leave":
        account = {
            "active": False,
            "did": did(event.author),
            "seq": 9_000_000 + index,
            "status": "deleted",
        }
        line |= {"kind": "account", "account": {**account, "time": _iso(event.at)}}
    else:
        line |= {"kind": "commit", "commit": _commit(event)}
    if event.defect == "time_as_text":
        line["time_us"] = str(event.at)
    return line


def v2_message(event: ScenarioEvent, index: int) -> dict[str, Any]:
    """Return an event as v2 sends it."""
    kind = "account" if event.kind == "leave" else "commit"
    payload = {"$type": f"{_LEXICON}#{kind}", "seq": _FIRST_SEQ + index, "did": did(event.author)}
    payload |= {"time": _iso(event.at), "witnessedAt": _iso(event.at)}
    payload |= _commit(event) if kind == "commit" else {"account": v1_line(event, index)["account"]}
    if event.defect == "time_as_text":
        payload["time"] = "yesterday"
    return {"$type": "message", "payload": payload}


def _commit(event: ScenarioEvent) -> dict[str, Any]:
    key = tid(_created(event))
    commit: dict[str, Any] = {
        "rev": tid(event.at),
        "operation": {"create": "create", "edit": "update"}.get(event.kind, "delete"),
        "collection": _POST,
        "rkey": key,
    }
    if event.kind != "delete":
        text = event.text + ("x" * _HUGE if event.defect == "huge" else "")
        record = {"$type": _POST, "createdAt": _iso(event.at), "langs": ["en"], "text": text}
        commit |= {"record": record, "cid": "bafyrei" + tid(event.at) * 4}
    if event.defect == "no_id":
        del commit["rkey"]
    return commit


def _created(event: ScenarioEvent) -> int:
    """Return the time inside the post's record key, which never changes."""
    return _KEY_EPOCH + event.number * SECOND


_KEY_EPOCH = 1_767_225_600 * SECOND  # 2026


def _iso(micros: int) -> str:
    return to_datetime(micros).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
