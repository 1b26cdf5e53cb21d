"""Read Bluesky's Jetstream, v1 or v2: one WebSocket, with cursors that reach back about 36 hours.

Resuming is inclusive, and each server stamps events with its own time. So the reader starts v1 a
little before its cursor, and an event that is read twice has the same event id. If the cursor is
too old, v1 silently starts later. Then the first event is younger than the cursor, and the reader
records a gap. v2 reports it.

API: https://github.com/bluesky-social/jetstream
"""

import re
import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from urllib.parse import urlencode

from websockets.typing import Subprotocol

from foundation.errors import ReadError
from ingestion.parsing.json_body import parse_json
from ingestion.parsing.json_fields import value_at
from ingestion.parsing.timestamps import iso_micros
from ingestion.platform import Json
from ingestion.reader import Context, Gap, GapReason, SeenPost, SourceBatch
from ingestion.readers.clients.cursors import parse_cursor
from ingestion.readers.clients.websocket import MAX_FRAME_BYTES, HandshakeRefusedError, frames

HOST = "wss://jetstream1.us-east.bsky.network"
V1 = "/subscribe"
V2 = "/xrpc/network.bsky.jetstream.subscribeEvents"
SOURCE = "jetstream"
_CURSOR = re.compile(rf"{SOURCE}:(?:(?P<seq>\d*):)?(?P<time>\d+)")
_POSTS = "app.bsky.feed.post"
_FULL = 500  # events in a batch
_LINGER_S = 0.5  # until a batch with fewer events is yielded
_REWIND = 5_000_000  # µs: how far the clocks of two servers may differ
CAUGHT_UP_S = 2.0  # of silence, after which `--once` assumes that no event is left


@dataclass(frozen=True, slots=True)
class Position:
    """A position in the stream: its time in microseconds since 1970, and v2's sequence number."""

    time_us: int
    seq: int | None = None

    @classmethod
    def parse(cls, cursor: str) -> "Position":
        """Parse a saved cursor.

        Raises:
            CursorError: the cursor is not one of this reader.
        """
        match = parse_cursor(cursor, _CURSOR, "bluesky")
        return cls(int(match["time"]), int(match["seq"]) if match["seq"] else None)

    def __str__(self) -> str:
        """Return the cursor to save."""
        return f"{SOURCE}:{'' if self.seq is None else self.seq}:{self.time_us}"


@dataclass(slots=True)
class _Collected:
    documents: list[Json] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)

    def is_due(self) -> bool:
        return len(self.documents) >= _FULL or time.monotonic() - self.began >= _LINGER_S


class BlueskyReader:
    """The Bluesky reader; the path of `base_url` chooses v1 or v2, and no path means v1."""

    def __init__(self, context: Context) -> None:
        base = (context.base_url or HOST + V1).rstrip("/")
        base = "ws" + base.removeprefix("http") if base.startswith("http") else base
        self._context = context
        self._silence_s = min(CAUGHT_UP_S, context.timeout_s / 2)
        self._is_v2 = base.endswith(V2)
        self._url = base if base.endswith((V1, V2)) else base + V1

    def read(self) -> Iterator[SourceBatch]:
        """See `Reader`."""
        saved = self._context.memory.cursor(SOURCE)
        start = self._context.clock()
        position = (
            Position.parse(saved)
            if saved
            else Position(start - int(self._context.look_back_s * 1_000_000))
        )
        yield from self._stream(
            position, is_resumed=saved is not None, until=start if self._context.once else None
        )

    def between(self, since: int, until: int) -> Iterator[SourceBatch]:
        """See `Reader`; the server offers about 36 hours."""
        yield from self._stream(Position(since), is_resumed=True, until=until)

    def refetch(self, posts: Sequence[SeenPost]) -> Iterator[SourceBatch]:
        """Yield nothing: Jetstream pushes every edit and delete."""
        yield from ()

    def _stream(
        self, position: Position, *, is_resumed: bool, until: int | None
    ) -> Iterator[SourceBatch]:
        """Read up to a time, or for ever.

        If the stream falls silent before that time, the reader opens it again, until a stream
        brings nothing new.
        """
        while True:
            reached = yield from self._as_near_as_possible(
                position, is_resumed=is_resumed, until=until
            )
            if until is None or not position.time_us < reached.time_us < until:
                return
            position = reached
            is_resumed = True

    def _as_near_as_possible(
        self, position: Position, *, is_resumed: bool, until: int | None
    ) -> Generator[SourceBatch, None, Position]:
        try:
            return (yield from self._subscription(position, is_resumed=is_resumed, until=until))
        except HandshakeRefusedError as refused:
            # v2 refuses a sequence number that it no longer has, but accepts any time.
            if (
                refused.status != HTTPStatus.BAD_REQUEST
                or position.seq is None
                or b"CursorTooOld" not in refused.body
            ):
                raise
            return (
                yield from self._subscription(
                    Position(position.time_us), is_resumed=is_resumed, until=until
                )
            )

    def _subscription(
        self, position: Position, *, is_resumed: bool, until: int | None
    ) -> Generator[SourceBatch, None, Position]:
        collected = _Collected()
        last = position
        heard_at = None
        read_to = position.time_us if is_resumed else None
        url = f"{self._url}?{self._query(position)}"
        for frame in frames(url, self._path, self._context, subprotocols=self._subprotocols):
            # Silence is measured from the first frame or beat, since connecting may take long.
            heard_at = time.monotonic() if heard_at is None else heard_at
            event = None if frame is None else self._event(frame, collected)
            if event is not None:
                here = self._position(event) or last
                if last is position and is_resumed and here.time_us > position.time_us:
                    collected.gaps.append(
                        _gap(position.time_us, here.time_us, GapReason.WINDOW_PASSED)
                    )
                collected.documents.append(event)
                last = here
                heard_at = time.monotonic()
                # On a first run, the span starts at the first event.
                read_to = here.time_us if read_to is None else read_to
            is_over = until is not None and (
                last.time_us >= until or time.monotonic() - heard_at > self._silence_s
            )
            if collected.is_due() or is_over:
                covered = None if read_to is None else (read_to, last.time_us)
                yield replace(self._batch(collected, last), covered=covered)
                collected = _Collected()
                read_to = None if read_to is None else last.time_us
            if is_over:
                break
        return last

    def _query(self, position: Position) -> str:
        accounts = list(self._context.watchlist.accounts)
        if self._is_v2:
            cursor = position.time_us if position.seq is None else position.seq
            return urlencode(
                {"collections": _POSTS, "dids": accounts, "cursor": max(cursor, 0)}, doseq=True
            )
        return urlencode(
            {
                "wantedCollections": _POSTS,
                "wantedDids": accounts,
                "cursor": max(position.time_us - _REWIND, 0),
                "maxMessageSizeBytes": MAX_FRAME_BYTES,
            },
            doseq=True,
        )

    @property
    def _subprotocols(self) -> list[Subprotocol]:
        return [Subprotocol("xrpc.v1.json")] if self._is_v2 else []

    @property
    def _path(self) -> str:
        return V2 if self._is_v2 else V1

    def _event(self, frame: bytes, collected: _Collected) -> Json:
        """Return a frame's event; None if it has none, or is not JSON, which the batch records."""
        try:
            event = parse_json(frame)
        except ValueError:
            self._context.telemetry.trouble("not_json")
            collected.broken.append(frame.decode("utf-8", "backslashreplace"))
            return None
        kind = event.get("$type") if isinstance(event, dict) else None
        if kind == "error":
            self._context.telemetry.trouble("error_frame")
            raise ReadError(f"{self._path} ended the stream with {str(event.get('error'))[:40]!r}")
        about = str(value_at(event, "payload", "$type"))
        if about.endswith("#info"):
            return None  # OutdatedCursor: the first event shows how much is missing
        if about.endswith("#sync"):
            at = self._position(event)
            collected.gaps += [_gap(at.time_us, at.time_us, GapReason.RESYNC)] if at else []
        return event

    def _position(self, event: Json) -> Position | None:
        """Return an event's position; None if it has no time, or one in the future."""
        at = value_at(event, "time_us")
        seq = None
        if at is None:
            declared = value_at(event, "payload", "witnessedAt") or value_at(
                event, "payload", "time"
            )
            at = iso_micros(declared)
            seq = value_at(event, "payload", "seq")
        if (
            not isinstance(at, int)
            or isinstance(at, bool)
            or not 0 <= at <= self._context.clock() + _REWIND
        ):
            return None  # a cursor in the future would skip everything before it
        return Position(at, seq if isinstance(seq, int) and seq >= 0 else None)

    def _batch(self, collected: _Collected, last: Position) -> SourceBatch:
        return SourceBatch(
            source=SOURCE,
            documents=collected.documents,
            broken=collected.broken,
            cursor=str(last),
            endpoint=self._path,
            latest=last.time_us,
            gaps=tuple(collected.gaps),
        )


def _gap(since: int, until: int, reason: GapReason) -> Gap:
    return Gap(source=SOURCE, since=since, until=until, reason=reason)
