"""Read the addresses of posts from the records in Bronze that Silver's rows name."""

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
        platform: of the post.
        topic, partition, offset: the record's coordinates.
        event_id: the event in it. A topic that was created anew uses coordinates a second time.
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
    """Return the addresses of posts, by event id.

    A post has none where its platform gives none, where its record has left Bronze or is encrypted,
    and on S3, where a read of a few records would be one of whole files.

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
    """Return the id and the address of an event; empty where it has none, or is encrypted."""
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
