"""Read the web addresses of posts from their records in Bronze (ADR 25)."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from serving.reader.pinned import DataFile
from serving.reader.reader import Snapshot

BRONZE = "bronze.posts"
_SKEW = timedelta(hours=1)  # between the clocks of producer, broker and job
_MAX_CHARS = 2_048
_SCHEMES = ("https://", "http://")
_RECORDS = (
    "SELECT records.value FROM records JOIN (SELECT unnest($topics::VARCHAR[]) AS topic,"
    ' unnest($partitions::INTEGER[]) AS "partition", unnest($offsets::BIGINT[]) AS "offset")'
    ' AS wanted USING (topic, "partition", "offset")'
)


@dataclass(frozen=True, slots=True)
class Source:
    """The record from which a row of Silver was made.

    Attributes:
        platform: the post's platform.
        topic, partition, offset: the record's coordinates.
        event_id: the id of the event in it. Coordinates alone do not suffice: a topic that was
            deleted and created again uses them twice.
        observed_at: when the producer saw the post.
        processed_at: when the job wrote the row. Kafka received the record between the two.
    """

    platform: str
    topic: str
    partition: int
    offset: int
    event_id: str = field(repr=False)
    observed_at: datetime
    processed_at: datetime


def links(lake: Snapshot, sources: Sequence[Source]) -> dict[str, str]:
    """Return the web addresses of posts, by event id.

    A post has none if its platform gives none, or if its record is encrypted or no longer in
    Bronze. On S3 no post has one, because a few records would cost a read of whole files.

    Raises:
        DataFileDamagedError, LogDamagedError, LostCommitsError, QueryTimeoutError, QueryError: the
            lake cannot be read.
    """
    if not sources or not all(part.reads_files for part in lake.parts(BRONZE)):
        return {}
    records = lake.relation(BRONZE, _may_hold(sources))
    if records is None:
        return {}
    wanted = {
        "topics": [source.topic for source in sources],
        "partitions": [source.partition for source in sources],
        "offsets": [source.offset for source in sources],
    }
    known = {source.event_id for source in sources}
    read = (_event(value) for (value,) in lake.rows(_RECORDS, wanted, records=records))
    return {event_id: link for event_id, link in read if event_id in known and link}


def _may_hold(sources: Sequence[Source]) -> Callable[[DataFile], bool]:
    platforms = {source.platform for source in sources}
    since = min(source.observed_at for source in sources) - _SKEW
    until = max(source.processed_at for source in sources) + _SKEW
    return lambda file: (
        file.partition.get("platform") in platforms
        and file.may_have("kafka_timestamp", since, until)
    )


def _event(value: bytes | None) -> tuple[str, str]:
    """Return the id and address of an event; empty if it has none or is encrypted."""
    try:
        event = json.loads(value or b"")
    except ValueError:
        return "", ""
    if not isinstance(event, dict):
        return "", ""
    url = event.get("url")
    if not isinstance(url, str) or not url.startswith(_SCHEMES) or len(url) > _MAX_CHARS:
        url = ""
    return str(event.get("event_id")), url
