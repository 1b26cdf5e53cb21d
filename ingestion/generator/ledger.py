"""Write and read the ledger: one row per record sent, with its expected fate.

It is test data and holds texts of posts, so the file has mode 0600 and is outside the lake.
"""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import orjson

from foundation.policies import policy_of
from ingestion.generator.bad_records import BadRecordKind, RawRecord
from ingestion.generator.post_history import Step
from ingestion.generator.post_text import PostText
from ingestion.kafka.records import Record
from schemas.reasons import Fate, Reason
from schemas.topics import TopicKind, topic_name

Row = dict[str, Any]  # a JSON object; `good_row` has its fields
_MINUTE = 60_000_000
_DAY = 86_400_000_000
_DAYS_TO_1970 = 719_163


def good_row(n: int, step: Step, event: Row, fate: Fate) -> Row:
    """Return the row of a record that Silver accepts; `event` is its decoded value."""
    row: Row = {
        "n": n,
        "topic": _topic(event),
        "kind": step.kind,
        "op": event["op"],
        "owner": event["owner"],
        "platform": event["platform"],
        "post_key": event["keys"]["post"],
        "author_key": event["keys"]["author"],
        "event_id": event["event_id"],
        "version": event["version"],
        "day": event["day"],
        "observed_at": event["observed_at"],
        "fate": fate.value,
        "reason": None,
    }
    if event["op"] == "upsert" and step.post_text:
        row |= {
            "channel": event["keys"]["channel"] or event["channel"],
            "posted_at": posted_at(event),
            "clean_title": step.post_text.clean_title,
            "clean_text": step.post_text.clean_text,
            "lang": step.post_text.lang,
            "pii": [item.kind for item in step.post_text.planted],
        }
    return row


def unmappable_row(n: int, event: Row) -> Row:
    """Return the row of a payload that the producer could not map."""
    return {
        "n": n,
        "topic": _topic(event),
        "kind": "unmappable",
        "op": event["op"],
        "owner": event["owner"],
        "platform": event["platform"],
        "post_key": None,
        "author_key": None,
        "event_id": event["event_id"],
        "version": event["version"],
        "day": None,
        "observed_at": event["observed_at"],
        "fate": Fate.QUARANTINED.value,
        "reason": Reason.UNMAPPABLE.value,
    }


def bad_row(n: int, kind: BadRecordKind, good: Record, bad: RawRecord) -> Row:
    """Return the row of a bad record, with the key and hash that find it in quarantine."""
    return {
        "n": n,
        "topic": bad.topic,
        "kind": "bad",
        "op": None,
        "owner": None,
        "platform": good.platform,
        "post_key": good.key.decode(),
        "author_key": None,
        "event_id": None,
        "version": None,
        "day": None,
        "observed_at": None,
        "fate": Fate.QUARANTINED.value,
        "reason": kind.reason.value,
        "poison": kind.name,
        "value_sha256": None if bad.value is None else hashlib.sha256(bad.value).hexdigest(),
    }


def planted_values_of(step: Step) -> list[str]:
    """Return every clear value of the record that no table after Bronze may hold."""
    author = step.history.author
    own = [] if step.kind == "author_delete" else [step.history.post_id]
    own += [author.id, author.handle, author.name] if author else []
    post_text: PostText | None = step.post_text
    return own + ([item.value for item in post_text.planted] if post_text else [])


def posted_at(event: Row) -> int:
    """Return the time of posting that Silver should hold: the post's own, if it is plausible."""
    created: int | None = event["created_at"]
    observed: int = event["observed_at"]
    since = (policy_of(event["platform"]).since.toordinal() - _DAYS_TO_1970) * _DAY
    return (
        observed if created is None or created > observed + _MINUTE or created < since else created
    )


@cache
def topic_name_of(platform: str, kind: TopicKind) -> str:
    """Return a topic's name, cached, because conf/topics.toml is read each time otherwise."""
    return topic_name(platform, kind)


def _topic(event: Row) -> str:
    return topic_name_of(
        event["platform"], "authors" if event["op"] == "delete_author" else "posts"
    )


class LedgerWriter:
    """Appends rows to an unfinished ledger."""

    def __init__(self, descriptor: int) -> None:
        self._out = os.fdopen(descriptor, "wb")

    def write(self, row: Row) -> None:
        """Append one row."""
        self._out.write(orjson.dumps(row) + b"\n")

    def close(self) -> None:
        """Write the rows to the disk and close the file."""
        self._out.flush()
        os.fsync(self._out.fileno())
        self._out.close()


@contextmanager
def new_ledger(file: Path) -> Iterator[LedgerWriter]:
    """Open a ledger, which gets its name only if the `with` block ends without an error."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    unfinished = file.with_suffix(".tmp")
    unfinished.unlink(missing_ok=True)
    writer = LedgerWriter(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        yield writer
    except BaseException:
        writer.close()
        unfinished.unlink()
        raise
    writer.close()
    unfinished.replace(file)


def read_ledger(file: Path) -> Iterator[Row]:
    """Yield the rows of a ledger."""
    with file.open("rb") as lines:
        for line in lines:
            yield orjson.loads(line)
