"""Read Hacker News' Firebase API: new items by ascending ids, edits and deletes by `updates`.

The API sometimes answers `null` for an item that exists. The reader requests such an item again for
six hours, and then records a gap; it never takes `null` for a delete.

API: https://github.com/HackerNews/API
"""

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from foundation.errors import ReadError
from ingestion.parsing.json_fields import chunks, items_of_type
from ingestion.parsing.timestamps import count_micros
from ingestion.platform import Json
from ingestion.reader import Context, Gap, GapReason, SeenPost, SourceBatch
from ingestion.readers.clients.cursors import cursor_error
from ingestion.readers.clients.http import Http
from ingestion.readers.clients.pages import ListingCuts, ListingGuard
from ingestion.readers.clients.polling import poll

HOST = "https://hacker-news.firebaseio.com"
SOURCE = "items"
_AT_ONCE = 8  # concurrent requests: a limit of our own, since the API has none
_CHUNK = 64  # items in a batch
GIVE_UP = 6 * 3600 * 1_000_000  # µs of `null` answers
_UPDATES_HOLD = 600 * 1_000_000  # µs that `updates` reaches back, as far as is known
_FAR_AHEAD = 100_000  # items; a cursor this far beyond the newest item is not one of this reader


@dataclass(slots=True)
class Position:
    """How far the items were read, as the cursor stores it; times in microseconds since 1970."""

    next_id: int
    updates_at: int | None = None  # when `updates` was last read
    missing: dict[int, int] = field(default_factory=dict)  # ids that answered null, and since when
    read_at: int | None = None  # the time up to which the items were read

    @classmethod
    def parse(cls, cursor: str) -> "Position":
        """Parse a saved cursor.

        Raises:
            CursorError: the cursor is not one of this reader.
        """
        try:
            saved = json.loads(cursor)
            missing = {int(number): int(at) for number, at in saved["missing"].items()}
            read_at = saved.get("read_at")  # cursors of older releases have none
            return cls(int(saved["next"]), saved["updates_at"], missing, read_at and int(read_at))
        except (ValueError, KeyError, TypeError, AttributeError):
            raise cursor_error("hackernews") from None

    def __str__(self) -> str:
        """Return the cursor to save."""
        position = {"next": self.next_id, "updates_at": self.updates_at, "missing": self.missing}
        return json.dumps(position | {"read_at": self.read_at})


class HackerNewsReader:
    """The Hacker News reader."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._cuts = ListingCuts()
        self._http = Http(context.base_url or HOST, context)
        self._position: Position | None = None  # set by the first round

    def read(self) -> Iterator[SourceBatch]:
        """See `Reader`."""
        saved = self._context.memory.cursor(SOURCE)
        self._position = Position.parse(saved) if saved else None
        with self._http, ThreadPoolExecutor(_AT_ONCE) as self._pool:
            yield from poll(self._context, self._cuts, SOURCE, self._round)

    def _round(self) -> Iterator[SourceBatch]:
        """Read new, missing and changed items; a cut listing delays only the new ones."""
        now = self._context.clock()
        newest = self._newest()
        if self._position is None:
            first = newest + 1 - int(self._context.look_back_s)
            self._position = Position(max(1, first))
        if not self._cuts.skips(SOURCE):
            yield from self._new_items(self._position, newest, now)
        yield from self._missing_items(self._position)
        yield from self._changed_items(self._position)

    def between(self, since: int, until: int) -> Iterator[SourceBatch]:
        """See `Reader`; ids grow with time, so a binary search finds the first one."""
        with self._http, ThreadPoolExecutor(_AT_ONCE) as self._pool:
            newest = self._newest()
            low = 1
            high = newest + 1
            while low < high:
                middle = (low + high) // 2
                if self._time_near(middle, newest) < since:
                    low = middle + 1
                else:
                    high = middle
            for _, items_by_id, _ in self._chunks(Position(low), newest):
                items = list(items_by_id.values())
                times = [at for item in items if (at := _time(item)) is not None]
                yield SourceBatch(
                    source=SOURCE,
                    documents=[item for item in items if (_time(item) or since) < until],
                    endpoint="/v0/item",
                )
                if times and min(times) >= until:
                    return

    def refetch(self, posts: Sequence[SeenPost]) -> Iterator[SourceBatch]:
        """See `Reader`; an item that answers `null` is left out, since it may still exist."""
        with self._http, ThreadPoolExecutor(_AT_ONCE) as self._pool:
            for part in chunks(posts, _CHUNK):
                items, _ = self._items([int(post.native_id) for post in part])
                yield SourceBatch(
                    source=SOURCE, documents=list(items.values()), endpoint="/v0/item"
                )

    def _new_items(self, position: Position, newest: int, now: int) -> Iterator[SourceBatch]:
        if position.next_id > newest + _FAR_AHEAD:
            raise cursor_error("hackernews")
        self._cuts.begin()
        oldest = now
        barren_at = position.next_id
        for ids, items, odd in self._cuts.until_cut(self._chunks(position, newest)):
            asked_at = self._context.clock()
            position.missing |= {number: asked_at for number in ids if number not in items}
            oldest = min(
                [oldest, *(at for item in items.values() if (at := _time(item)) is not None)]
            )
            position.next_id = ids[-1] + 1
            if items or odd:
                barren_at = position.next_id
            yield self._batch([*items.values(), *odd], position)
        since = oldest if position.read_at is None else position.read_at
        if gaps := self._cuts.gap(SOURCE, since, now):
            # The next round begins where the nulls began, so that nothing is skipped.
            position.next_id = barren_at
            position.missing = {
                number: since for number, since in position.missing.items() if number < barren_at
            }
            yield self._batch([], position, gaps=gaps)
            return
        position.read_at = now
        yield replace(self._batch([], position), covered=(since, now))

    def _chunks(
        self, position: Position, newest: int
    ) -> Iterator[tuple[Sequence[int], dict[int, Json], list[Json]]]:
        """Yield ids, their items and other answers, in ascending order of the ids.

        `maxitem` may be too high, and then the items beyond the newest one answer `null`.
        """
        pages = ListingGuard("/v0/item", self._context)
        for ids in chunks(range(position.next_id, newest + 1), _CHUNK):
            items, odd = self._items(ids)
            pages.check([*items.values(), *odd], ids[-1])
            yield ids, items, odd

    def _missing_items(self, position: Position) -> Iterator[SourceBatch]:
        if not position.missing:
            return
        now = self._context.clock()
        items, _ = self._items(sorted(position.missing))
        old = {
            number
            for number, since in position.missing.items()
            if number not in items and now - since > GIVE_UP
        }
        gaps = tuple(
            _gap(position.missing[number], now, GapReason.NOT_ANSWERED) for number in sorted(old)
        )
        position.missing = {
            number: since
            for number, since in position.missing.items()
            if number not in items and number not in old
        }
        yield self._batch(list(items.values()), position, gaps=gaps)

    def _changed_items(self, position: Position) -> Iterator[SourceBatch]:
        now = self._context.clock()
        answer = self._http.get("/v0/updates.json").content
        if not isinstance(answer, dict) or not isinstance(answer.get("items"), list):
            raise ReadError("/v0/updates.json answered in an unknown form")
        gaps: tuple[Gap, ...] = ()
        if position.updates_at is not None and now - position.updates_at > _UPDATES_HOLD:
            gaps = (_gap(position.updates_at, now, GapReason.CHANGES_UNSEEN),)
        position.updates_at = now
        known = [
            number
            for number in items_of_type(answer["items"], int)
            if 0 < number < position.next_id
        ]
        for ids in chunks(known, _CHUNK):
            yield self._batch(list(self._items(ids)[0].values()), position)
        yield self._batch([], position, gaps=gaps)

    def _newest(self) -> int:
        newest = self._http.get("/v0/maxitem.json").content
        if not isinstance(newest, int) or isinstance(newest, bool) or newest < 1:
            raise ReadError("/v0/maxitem.json answered with something that is not an id")
        return newest

    def _items(self, ids: Sequence[int]) -> tuple[dict[int, Json], list[Json]]:
        """Return the items by id, and the answers that are not the item; `null` is neither."""
        answers = self._pool.map(
            lambda number: self._http.get(f"/v0/item/{number}.json").content, ids
        )
        items = {}
        odd = []
        for number, item in zip(ids, answers, strict=True):
            if item is None:
                self._context.telemetry.trouble("null")
            elif isinstance(item, dict) and item.get("id") == number:
                items[number] = item
            else:
                self._context.telemetry.trouble("schema")
                odd.append(item)
        return items, odd

    def _time_near(self, number: int, newest: int) -> int:
        """Return when an item was posted, else the next item with a time, else now."""
        for near in range(number, min(number + _CHUNK, newest + 1)):
            if (at := _time(self._http.get(f"/v0/item/{near}.json").content)) is not None:
                return at
        return self._context.clock()

    def _batch(
        self,
        items: list[Json],
        position: Position,
        *,
        gaps: tuple[Gap, ...] = (),
        pause_s: float = 0.0,
    ) -> SourceBatch:
        times = [at for item in items if (at := _time(item)) is not None]
        return SourceBatch(
            source=SOURCE,
            documents=items,
            cursor=str(position),
            endpoint="/v0/item",
            latest=max(times, default=None),
            gaps=gaps,
            pause_s=pause_s,
        )


def _time(item: Json) -> int | None:
    return count_micros(item.get("time"), per_second=1) if isinstance(item, dict) else None


def _gap(since: int, until: int, reason: GapReason) -> Gap:
    return Gap(source=SOURCE, since=since, until=until, reason=reason)
