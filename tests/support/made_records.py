"""Make records as our producer does, and the rows of Kafka and Bronze for them."""

from datetime import UTC, date, datetime
from typing import Any

from foundation.keys import PseudonymKey
from foundation.policies import policies
from ingestion.kafka.records import Record, RecordMaker
from ingestion.platform import AuthorDelete, Post, Unmappable
from schemas.topics import topic_name
from transforms.decode import Envelope, Rules

KEY = PseudonymKey(1, b"0" * 32)
SEEN = 1_767_355_200_000_000  # 2026-01-02 12:00 UTC, in microseconds
SEEN_AT = datetime(2026, 1, 2, 12, tzinfo=UTC)
DAY = 86_400_000_000
MAX_CHARS = 200
RULES = Rules(policies(), KEY.key_id, MAX_CHARS)


def record(item: Post | AuthorDelete | Unmappable, platform: str = "reddit") -> Record:
    """Return the record of a post, or of another result of a mapper."""
    return RecordMaker(platform=platform, owner="public", key=KEY).make(item, observed_at=SEEN)


def post(**fields: Any) -> Post:
    """Return a post of 2026-01-02 by Fox, with these fields."""
    return Post(
        **{
            "post_id": "t1_a",
            "created_at": SEEN - 5_000_000,
            "author_id": "Fox",
            "text": "good",
            **fields,
        }
    )


def envelope(made: Record, **changes: Any) -> Envelope:
    """Return the facts in Kafka and the headers of a record, with changes."""
    headers = {name: text.decode() for name, text in made.headers}
    said = {
        "topic": topic_name(made.platform, made.kind),
        "kafka_timestamp": SEEN,
        "op": headers.get("op"),
        "post_key": headers.get("post_key"),
        "author_key": headers.get("author_key"),
        "day": date.fromisoformat(headers["day"]) if "day" in headers else None,
    }
    return Envelope(**said | changes)


def bronze_row(made: Record, *, offset: int = 0, **changes: Any) -> dict[str, Any]:
    """Return a row of bronze.posts, with changes."""
    said = envelope(made)
    return {
        "topic": said.topic,
        "partition": 0,
        "offset": offset,
        "kafka_timestamp": SEEN_AT,
        "ingest_date": date(2026, 1, 2),
        "platform": made.platform,
        "op": said.op,
        "post_key": said.post_key,
        "author_key": said.author_key,
        "day": said.day,
        "key": made.key,
        "headers": dict(made.headers),
        "value": made.value,
    } | changes
