"""Stop listings that never end.

A listing ends where the platform names no next page. One that never ends names an earlier page
again, repeats items, or sends page after page without new ones. The guard stops at the page that
shows this, and the rest of the listing is a gap.
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
_MOST_LEFT_OUT = 31  # rounds; after more, Reddit's listings may have dropped their oldest items
_REMEMBERED = 100_000  # items and cursors; the limit bounds memory but misses older repetitions


class ListingGuard:
    """Watches one pass over a listing; each pass needs a new guard, as it sees old items again."""

    def __init__(
        self, path: str, context: Context, *, cursors_repeat: bool = False, overlaps: bool = False
    ) -> None:
        """Start with nothing seen.

        Args:
            path: the listing's name in errors.
            context: the reader's context, which counts the trouble.
            cursors_repeat: each page has the same cursor, so the guard looks at items only.
            overlaps: a page repeats items of the one before, so the last may have no new ones.
        """
        self._path = path
        self._context = context
        self._cursors_repeat = cursors_repeat
        self._overlaps = overlaps
        self.seen = OrderedDict[object, None]()
        self._barren = 0

    def check(self, items: Sequence[Json], following: object) -> list[Json]:
        """Record a page and return its items that are new in this pass.

        `following` identifies the next page, as this page names it; None: nothing follows.

        Raises:
            ListingCutError: the listing does not end by itself.
        """
        keys = [_key(item) for item in items]
        new = [item for item, key in zip(items, keys, strict=True) if key not in self.seen]
        cursor = ("cursor", following)
        whole = ("page", frozenset(keys))
        is_named_again = cursor in self.seen and not self._cursors_repeat
        is_given_again = bool(keys) and not new and (not self._overlaps or whole in self.seen)
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
        """Return the error of a listing that cannot be read to its end, and count it."""
        self._context.telemetry.trouble("stuck")
        return ListingCutError(
            f"{self._path} {why}, so reading stopped there",
            remedy="Items before that are sent and the rest is noted as a gap;"
            " read again when the platform is repaired",
        )

    def _note(self, keys: Iterable[object]) -> None:
        for key in keys:
            self.seen[key] = None
        while len(self.seen) > _REMEMBERED:
            self.seen.popitem(last=False)


class ListingCuts:
    """The listings that were cut in a round; the reader still reads the others, then fails.

    Each request to such a listing costs budget, so a producer that continues skips it for ever more
    rounds.
    """

    def __init__(self) -> None:
        self._first: ListingCutError | None = None
        self._count = 0
        self._count_before = 0
        self._in_a_row: dict[str, int] = {}  # by source: rounds in a row that cut it
        self._left_out: dict[str, int] = {}  # by source: rounds still to skip

    def skips(self, source: str) -> bool:
        """Return whether this round skips a source: after its first cut 1 round, then 3, then 7."""
        left = self._left_out.pop(source, 0)
        if left > 1:
            self._left_out[source] = left - 1
        return left > 0

    def begin(self) -> None:
        """Begin a source; `gap` then counts only cuts from now on."""
        self._count_before = self._count

    def until_cut(self, pages: Iterable[T]) -> Iterator[T]:
        """Yield the pages up to the one at which the listing is cut."""
        try:
            yield from pages
        except ListingCutError as error:
            self._first = self._first or error
            self._count = self._count + 1
            get_log("ingest").warning("listing_cut", what=error.what)

    def gap(self, source: str, since: int, until: int) -> tuple[Gap, ...]:
        """Return the time from `since` to `until` as a gap if a listing of this source was cut."""
        if self._count == self._count_before:
            self._in_a_row.pop(source, None)
            return ()
        self._in_a_row[source] = self._in_a_row.get(source, 0) + 1
        self._left_out[source] = min(2 ** self._in_a_row[source] - 1, _MOST_LEFT_OUT)
        return (
            Gap(source=source, since=since, until=max(since, until), reason=GapReason.TRUNCATED),
        )

    def end(self, *, once: bool) -> None:
        """End the round; a reader that continues tries the listing again in a later one.

        Raises:
            ListingCutError: with `once`, the first of the round.
        """
        first = self._first
        self._first = None
        if once and first is not None:
            raise first


def query_of(params: dict[str, str]) -> str:
    """Return a next page's parameters as one cursor, independent of their order."""
    return urlencode(sorted(params.items()))


def _key(item: Json) -> object:
    """Return what identifies an item: its id if it has one, since counts may change."""
    if isinstance(item, str):
        return item
    for path in (("id",), ("data", "name"), ("data", "id")):
        if isinstance(number := value_at(item, *path), str | int) and number != "":
            return number
    return hash(json.dumps(item, sort_keys=True))
