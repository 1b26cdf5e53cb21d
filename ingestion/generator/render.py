"""Turn a step of a history into a record, and into its row of the ledger."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

import orjson

from ingestion.generator.bad_records import BAD_RECORD_KINDS, RawRecord, bad_record
from ingestion.generator.expected_fates import Claim, ExpectedFates, utc_date
from ingestion.generator.ledger import (
    Row,
    bad_row,
    good_row,
    planted_values_of,
    topic_name_of,
    unmappable_row,
)
from ingestion.generator.post_history import AuthorKey, Step, author_delete_of, author_of, post_of
from ingestion.kafka.records import Record, RecordMaker
from ingestion.platform import Unmappable
from schemas.reasons import Fate


@dataclass(frozen=True, slots=True)
class RenderedRecord:
    """A record to send, and its row of the ledger."""

    record: Record | RawRecord
    ledger_row: Row


@dataclass(frozen=True, slots=True)
class Resend:
    """A record that is sent again at a later time."""

    at: int
    step: Step
    first: RenderedRecord


@dataclass(slots=True)
class Renderer:
    """Renders records and their fates; it must be called in the order of sending."""

    makers: dict[str, RecordMaker]
    max_text_chars: int
    with_canaries: bool
    fates: ExpectedFates = field(default_factory=ExpectedFates)
    lines: Iterator[int] = field(default_factory=count)
    bad_kinds: Iterator[int] = field(default_factory=count)  # counts, so that each kind comes up

    def render(self, step: Step) -> RenderedRecord | None:
        """Render a step; None for an edit of a post whose author has been deleted."""
        match step.kind:
            case "bad":
                return self._bad(step)
            case "unmappable":
                return self._unmappable(step)
            case "author_delete":
                record = self._maker(step).make(
                    author_delete_of(step), observed_at=step.observed_at
                )
            case _ if self._is_moot(step):
                return None
            case _:
                record = self._maker(step).make(post_of(step), observed_at=step.observed_at)
        event = orjson.loads(record.value)
        row = good_row(next(self.lines), step, event, self._fate(step, event))
        if self.with_canaries:
            row["canaries"] = planted_values_of(step)
        return RenderedRecord(record, row)

    def render_again(self, again: Resend) -> RenderedRecord:
        """Render a record's resend, with a fate of its own."""
        first = again.first.ledger_row
        row = first | {"n": next(self.lines), "kind": "duplicate", "repeats": first["n"]}
        claimed = {name: first[name] for name in ("op", "event_id", "version", "day")}
        return RenderedRecord(
            again.first.record, row | {"fate": self._fate(again.step, claimed).value}
        )

    def _maker(self, step: Step) -> RecordMaker:
        return self.makers[step.history.platform]

    def _fate(self, step: Step, event: Row) -> Fate:
        author = author_of(step.history)
        if event["op"] == "delete_author" and author:
            return self.fates.author_deleted(author, event["version"])
        claim = Claim(author, event["event_id"], event["version"], event["day"])
        settle = self.fates.upserted if event["op"] == "upsert" else self.fates.deleted
        return settle(step.history.state, claim)

    def _is_moot(self, step: Step) -> bool:
        """Return whether the author was deleted before; such an edit would restore the post."""
        author: AuthorKey | None = author_of(step.history)
        left = self.fates.gone.get(author) if author else None
        if left is None or step.post_text is None or step.version <= left:
            return False
        day = step.history.day
        return day is not None and day <= utc_date(left)

    def _bad(self, step: Step) -> RenderedRecord:
        kind = BAD_RECORD_KINDS[next(self.bad_kinds) % len(BAD_RECORD_KINDS)]
        post = post_of(step)
        if kind.bend:
            post = kind.bend(post, step.observed_at, self.max_text_chars)
        good = self._maker(step).make(post, observed_at=step.observed_at)
        bad = bad_record(good, kind, topic_name_of(step.history.platform, "posts"))
        return RenderedRecord(bad, bad_row(next(self.lines), kind, good, bad))

    def _unmappable(self, step: Step) -> RenderedRecord:
        payload = {"broken": True, "number": step.history.number, "payload": post_of(step).raw}
        record = self._maker(step).make(
            Unmappable(detail="id", raw=payload), observed_at=step.observed_at
        )
        return RenderedRecord(record, unmappable_row(next(self.lines), orjson.loads(record.value)))
