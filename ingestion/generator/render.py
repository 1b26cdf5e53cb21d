"""Step of a story → record and row of the ledger."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

import orjson

from ingestion.generator.bad_records import POISONS, RawRecord, spoiled
from ingestion.generator.expected_fates import Claim, Fates, utc_date
from ingestion.generator.ledger import (
    Row,
    bad_row,
    canaries_of,
    good_row,
    topic_name_of,
    unmappable_row,
)
from ingestion.generator.post_history import AuthorKey, Step, author_delete_of, author_of, post_of
from ingestion.kafka.records import Record, RecordMaker
from ingestion.platform import Unmappable
from schemas.reasons import Fate


@dataclass(frozen=True, slots=True)
class Made:
    """A record to send, and its row of the ledger."""

    record: Record | RawRecord
    ledger_row: Row


@dataclass(frozen=True, slots=True)
class Resend:
    """The same bytes once more, later."""

    at: int
    step: Step
    first: Made


@dataclass(slots=True)
class Press:
    """Makes the records, in the order of sending."""

    makers: dict[str, RecordMaker]
    max_text_chars: int
    with_canaries: bool
    fates: Fates = field(default_factory=Fates)
    lines: Iterator[int] = field(default_factory=count)
    doses: Iterator[int] = field(default_factory=count)  # so that every poison has its turn

    def made(self, step: Step) -> Made | None:
        """The step's record; None for an edit of a post that has gone with its author."""
        match step.kind:
            case "bad":
                return self._poisoned(step)
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
            row["canaries"] = canaries_of(step)
        return Made(record, row)

    def resent(self, again: Resend) -> Made:
        """The record a second time."""
        first = again.first.ledger_row
        row = first | {"n": next(self.lines), "kind": "duplicate", "repeats": first["n"]}
        claimed = {name: first[name] for name in ("op", "event_id", "version", "day")}
        return Made(again.first.record, row | {"fate": self._fate(again.step, claimed).value})

    def _maker(self, step: Step) -> RecordMaker:
        return self.makers[step.story.platform]

    def _fate(self, step: Step, event: Row) -> Fate:
        author = author_of(step.story)
        if event["op"] == "delete_author" and author:
            return self.fates.author_deleted(author, event["version"])
        claim = Claim(author, event["event_id"], event["version"], event["day"])
        settle = self.fates.upserted if event["op"] == "upsert" else self.fates.deleted
        return settle(step.story.held, claim)

    def _is_moot(self, step: Step) -> bool:
        """Nobody edits after leaving; such an edit would bring the post back on its own."""
        author: AuthorKey | None = author_of(step.story)
        left = self.fates.gone.get(author) if author else None
        if left is None or step.wording is None or step.version <= left:
            return False
        day = step.story.day
        return day is not None and day <= utc_date(left)

    def _poisoned(self, step: Step) -> Made:
        poison = POISONS[next(self.doses) % len(POISONS)]
        post = post_of(step)
        if poison.bend:
            post = poison.bend(post, step.observed_at, self.max_text_chars)
        good = self._maker(step).make(post, observed_at=step.observed_at)
        bad = spoiled(good, poison, topic_name_of(step.story.platform, "posts"))
        return Made(bad, bad_row(next(self.lines), poison, good, bad))

    def _unmappable(self, step: Step) -> Made:
        payload = {"broken": True, "number": step.story.number, "payload": post_of(step).raw}
        record = self._maker(step).make(
            Unmappable(detail="id", raw=payload), observed_at=step.observed_at
        )
        return Made(record, unmappable_row(next(self.lines), orjson.loads(record.value)))
