"""Pages of a listing: what every loop over them asks before it goes on, so that none goes on for ever.

A listing ends where the platform says that nothing follows. One that does not end by itself shows
    it: it names a next
page that it named before, gives items that it gave before, or page after page without any. That is
found on the page that shows it; what such a listing would have held is a gap.
"""

import json
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar
from urllib.parse import urlencode

from foundation.errors import ListingCutError
from foundation.logs import get_log
from ingestion.parsing.json_fields import value_at
from ingestion.platform import Json
from ingestion.reader import Context, Gap, GapReason

T = TypeVar("T")

MOST_BARREN = 5  # pages in a row without anything new that still name a next one
_MOST_LEFT_OUT = (
    31  # rounds: a listing of Reddit that is not read for longer may lose what it no longer shows
)
_REMEMBERED = 100_000  # items and cursors: so far back a repetition is seen, so memory stays flat


class ListingGuard:
    """One listing in one pass; a later pass reads the same again and begins with a new one."""

    def __init__(
        self, path: str, context: Context, *, cursors_repeat: bool = False, overlaps: bool = False
    ) -> None:
        """Nothing was seen yet.

        Args:
            path: what the error calls the listing.
            context: the reader's, whose trouble is counted.
            cursors_repeat: the platform gives the same cursor on each page, so only items tell.
            overlaps: pages begin with items of the page before, so the last may hold nothing else.
        """
        self._path, self._context = path, context
        self._cursors_repeat, self._overlaps = cursors_repeat, overlaps
        self._seen = OrderedDict[object, None]()
        self._barren = 0

    def check(self, items: Sequence[Json], following: object) -> list[Json]:
        """Note a page and what it names as the next one (None: nothing follows); the items that are new in this pass.

        Raises:
            ListingCutError: the listing does not end by itself.
        """
        keys = [_key(item) for item in items]
        new = [item for item, key in zip(items, keys, strict=True) if key not in self._seen]
        cursor, whole = ("cursor", following), ("page", frozenset(keys))
        is_named_again = cursor in self._seen and not self._cursors_repeat
        is_given_again = bool(keys) and not new and (not self._overlaps or whole in self._seen)
        self._barren = 0 if new else self._barren + 1
        self._note([*keys, cursor, *([whole] if self._overlaps else [])])
        if following is None:
            return new
        if is_given_again or is_named_again:
            raise self.cut("gives pages that it gave before")
        if self._barren >= MOST_BARREN:
            raise self.cut(f"names a next page after {self._barren} pages without anything new")
        return new

    def cut(self, why: str) -> ListingCutError:
        """The error of a listing that cannot be read to its end; counted."""
        self._context.telemetry.trouble("stuck")
        return ListingCutError(
            f"{self._path} {why}, so it was left there",
            remedy="What came before is sent and the rest is noted as a gap; read again when the platform is mended",
        )

    def _note(self, keys: Iterable[object]) -> None:
        for key in keys:
            self._seen[key] = None
        while len(self._seen) > _REMEMBERED:
            self._seen.popitem(last=False)


class ListingCuts:
    """The listings that were cut in a round over all sources: the others are read, then the round ends in error.

    A producer that goes on pays for such a listing anew each time it asks, so it asks ever more
    rarely.
    """

    def __init__(self) -> None:
        self._first: ListingCutError | None = None
        self._count = 0
        self._count_before = 0
        self._in_a_row: dict[str, int] = {}  # by source: how often it was cut
        self._left_out: dict[str, int] = {}  # by source: of how many rounds

    def skips(self, source: str) -> bool:
        """Whether a round leaves a source out: after a cut one round does, after the next three, then seven."""
        left = self._left_out.pop(source, 0)
        if left > 1:
            self._left_out[source] = left - 1
        return left > 0

    def begin(self) -> None:
        """A source begins: `gap` speaks of what is cut from now on."""
        self._count_before = self._count

    def until_cut(self, pages: Iterable[T]) -> Iterator[T]:
        """The pages, up to where the listing is cut."""
        try:
            yield from pages
        except ListingCutError as error:
            self._first, self._count = self._first or error, self._count + 1
            get_log("ingest").warning("listing_cut", what=error.what)

    def gap(self, source: str, since: int, until: int) -> tuple[Gap, ...]:
        """The stretch of time as a gap, where a listing of this source was cut; else nothing."""
        if self._count == self._count_before:
            self._in_a_row.pop(source, None)
            return ()
        self._in_a_row[source] = self._in_a_row.get(source, 0) + 1
        self._left_out[source] = min(2 ** self._in_a_row[source] - 1, _MOST_LEFT_OUT)
        return (
            Gap(source=source, since=since, until=max(since, until), reason=GapReason.TRUNCATED),
        )

    def end(self, *, once: bool) -> None:
        """The round is over; a reader that goes on tries the listing anew in a later one.

        Raises:
            ListingCutError: with `once`, the first of the round.
        """
        first, self._first = self._first, None
        if once and first is not None:
            raise first


def query_of(params: dict[str, str]) -> str:
    """A next page's parameters as one cursor, whatever their order."""
    return urlencode(sorted(params.items()))


def _key(item: Json) -> object:
    """By what an item is known again: its id where it has one, since counts may change between two pages."""
    if isinstance(item, str):
        return item
    for path in (("id",), ("data", "name"), ("data", "id")):
        if isinstance(found := value_at(item, *path), str | int) and found != "":
            return found
    return hash(json.dumps(item, sort_keys=True))
