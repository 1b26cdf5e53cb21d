"""Hacker News' Firebase API: ids are walked upward, `updates` tells of edits and deletes.

An item that answers `null` is neither skipped nor a delete: it is asked for again for hours, then
it is a gap.
"""

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from foundation.errors import CursorError, ReadError
from ingestion.parsing.json_fields import every, slices
from ingestion.parsing.timestamps import unit_micros
from ingestion.platform import Json
from ingestion.reader import Batch, Context, Gap, GapReason, Sighting
from ingestion.readers.clients.http import Http
from ingestion.readers.clients.pages import Cuts, Pages

HOST = "https://hacker-news.firebaseio.com"
SOURCE = "items"
_AT_ONCE = 8  # requests; there is no rate limit, so we set ourselves one
_CHUNK = 64
_GIVE_UP = 6 * 3600 * 1_000_000  # µs of `null`
_UPDATES_HOLD = 600 * 1_000_000  # µs that `updates` is believed to reach back
_FAR_AHEAD = 100_000  # items: a cursor so far beyond the newest item is not of this place


@dataclass(slots=True)
class Place:
    """Where reading stands."""

    next_id: int
    updates_at: int | None = None  # when `updates` was last read
    missing: dict[int, int] = field(default_factory=dict)  # ids that answered null, and since when
    read_at: int | None = None  # up to when the items were read

    @classmethod
    def parse(cls, cursor: str) -> "Place":
        """A saved cursor.

        Raises:
            CursorError: it is none of this platform.
        """
        try:
            saved = json.loads(cursor)
            missing = {int(number): int(at) for number, at in saved["missing"].items()}
            read_at = saved.get("read_at")  # older cursors have none
            return cls(int(saved["next"]), saved["updates_at"], missing, read_at and int(read_at))
        except (ValueError, KeyError, TypeError, AttributeError):
            raise _wrong_cursor() from None

    def __str__(self) -> str:
        """As it is saved."""
        place = {"next": self.next_id, "updates_at": self.updates_at, "missing": self.missing}
        return json.dumps(place | {"read_at": self.read_at})


class Firebase:
    """The reader."""

    def __init__(self, context: Context) -> None:
        self._context, self._cuts = context, Cuts()
        self._http = Http(context.base_url or HOST, context)

    def read(self) -> Iterator[Batch]:
        """See `Reader`."""
        saved = self._context.memory.cursor(SOURCE)
        place = Place.parse(saved) if saved else None
        with self._http, ThreadPoolExecutor(_AT_ONCE) as self._pool:
            while True:
                now, newest = self._context.clock(), self._newest()
                if place is None:
                    place = Place(max(1, newest + 1 - int(self._context.look_back_s)))
                if not self._cuts.skips(SOURCE):
                    yield from self._new_items(place, newest, now)
                yield from self._missing_items(place)
                yield from self._changed_items(place)
                self._cuts.end(once=self._context.once)
                if self._context.once:
                    return
                yield self._batch([], place, pause_s=self._context.poll_s)

    def between(self, since: int, until: int) -> Iterator[Batch]:
        """See `Reader`; ids grow with time."""
        with self._http, ThreadPoolExecutor(_AT_ONCE) as self._pool:
            newest = self._newest()
            low, high = 1, newest + 1
            while low < high:
                middle = (low + high) // 2
                if self._time_near(middle, newest) < since:
                    low = middle + 1
                else:
                    high = middle
            for _, found, _ in self._chunks(Place(low), newest):
                items = list(found.values())
                times = [at for item in items if (at := _time(item)) is not None]
                yield Batch(
                    source=SOURCE,
                    documents=[i for i in items if (_time(i) or since) < until],
                    endpoint="/v0/item",
                )
                if times and min(times) >= until:
                    return

    def refetch(self, posts: Sequence[Sighting]) -> Iterator[Batch]:
        """See `Reader`; `null` says nothing."""
        with self._http, ThreadPoolExecutor(_AT_ONCE) as self._pool:
            for some in slices(posts, _CHUNK):
                items, _ = self._items([int(post.native_id) for post in some])
                yield Batch(source=SOURCE, documents=list(items.values()), endpoint="/v0/item")

    def _new_items(self, place: Place, newest: int, now: int) -> Iterator[Batch]:
        if place.next_id > newest + _FAR_AHEAD:
            raise _wrong_cursor()
        self._cuts.begin()
        oldest, barren_at = now, place.next_id
        for ids, found, odd in self._cuts.until_cut(self._chunks(place, newest)):
            asked_at = self._context.clock()
            place.missing |= {number: asked_at for number in ids if number not in found}
            oldest = min(
                [oldest, *(at for item in found.values() if (at := _time(item)) is not None)]
            )
            place.next_id = ids[-1] + 1
            if found or odd:
                barren_at = place.next_id
            yield self._batch([*found.values(), *odd], place)
        since = oldest if place.read_at is None else place.read_at
        if gaps := self._cuts.gap(SOURCE, since, now):
            place.next_id = (
                barren_at  # nothing is passed over: the next round begins where the nulls began
            )
            place.missing = {
                number: since for number, since in place.missing.items() if number < barren_at
            }
            yield self._batch([], place, gaps=gaps)
            return
        place.read_at = now
        yield replace(self._batch([], place), covered=(since, now))

    def _chunks(
        self, place: Place, newest: int
    ) -> Iterator[tuple[Sequence[int], dict[int, Json], list[Json]]]:
        """Items upward; `maxitem` may say more than there is, and then they are all null."""
        pages = Pages("/v0/item", self._context)
        for ids in slices(range(place.next_id, newest + 1), _CHUNK):
            found, odd = self._items(ids)
            pages.check([*found.values(), *odd], ids[-1])
            yield ids, found, odd

    def _missing_items(self, place: Place) -> Iterator[Batch]:
        if not place.missing:
            return
        now = self._context.clock()
        found, _ = self._items(sorted(place.missing))
        old = {
            number
            for number, since in place.missing.items()
            if number not in found and now - since > _GIVE_UP
        }
        gaps = tuple(
            _gap(place.missing[number], now, GapReason.NOT_ANSWERED) for number in sorted(old)
        )
        place.missing = {
            n: since for n, since in place.missing.items() if n not in found and n not in old
        }
        yield self._batch(list(found.values()), place, gaps=gaps)

    def _changed_items(self, place: Place) -> Iterator[Batch]:
        now = self._context.clock()
        answer = self._http.get("/v0/updates.json").content
        if not isinstance(answer, dict) or not isinstance(answer.get("items"), list):
            raise ReadError("/v0/updates.json answered in an unknown form")
        gaps: tuple[Gap, ...] = ()
        if place.updates_at is not None and now - place.updates_at > _UPDATES_HOLD:
            gaps = (_gap(place.updates_at, now, GapReason.CHANGES_UNSEEN),)
        place.updates_at = now
        known = [number for number in every(answer["items"], int) if 0 < number < place.next_id]
        for ids in slices(known, _CHUNK):
            yield self._batch(list(self._items(ids)[0].values()), place)
        yield self._batch([], place, gaps=gaps)

    def _newest(self) -> int:
        newest = self._http.get("/v0/maxitem.json").content
        if not isinstance(newest, int) or isinstance(newest, bool) or newest < 1:
            raise ReadError("/v0/maxitem.json answered with something that is no id")
        return newest

    def _items(self, ids: Sequence[int]) -> tuple[dict[int, Json], list[Json]]:
        """Those that were answered, and answers that are no item of that id; `null` is neither."""
        answers = self._pool.map(
            lambda number: self._http.get(f"/v0/item/{number}.json").content, ids
        )
        found, odd = {}, []
        for number, item in zip(ids, answers, strict=True):
            if item is None:
                self._context.telemetry.trouble("null")
            elif isinstance(item, dict) and item.get("id") == number:
                found[number] = item
            else:
                self._context.telemetry.trouble("schema")
                odd.append(item)
        return found, odd

    def _time_near(self, number: int, newest: int) -> int:
        """When an item was made, or the next one that says so."""
        for near in range(number, min(number + _CHUNK, newest + 1)):
            if (at := _time(self._http.get(f"/v0/item/{near}.json").content)) is not None:
                return at
        return self._context.clock()

    def _batch(
        self, items: list[Json], place: Place, *, gaps: tuple[Gap, ...] = (), pause_s: float = 0.0
    ) -> Batch:
        times = [at for item in items if (at := _time(item)) is not None]
        return Batch(
            source=SOURCE,
            documents=items,
            cursor=str(place),
            endpoint="/v0/item",
            latest=max(times, default=None),
            gaps=gaps,
            pause_s=pause_s,
        )


def _time(item: Json) -> int | None:
    return unit_micros(item.get("time"), per_second=1) if isinstance(item, dict) else None


def _gap(since: int, until: int, reason: GapReason) -> Gap:
    return Gap(source=SOURCE, since=since, until=until, reason=reason)


def _wrong_cursor() -> CursorError:
    return CursorError(
        "the saved cursor is none of Hacker News'",
        remedy="Begin anew: echostream ingest hackernews --forget-cursor",
    )
