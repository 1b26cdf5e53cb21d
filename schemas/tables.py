"""Every table of the lake, as a frozen value."""

from dataclasses import dataclass, field

from pyspark.sql.types import (
    ArrayType,
    BinaryType,
    BooleanType,
    DataType,
    DateType,
    DoubleType,
    IntegerType,
    LongType,
    MapType,
    StringType,
    StructField,
    StructType,
    TimestampType,
)

_STRING = StringType()
_LONG = LongType()
_INT = IntegerType()
_DOUBLE = DoubleType()
_TIME = TimestampType()
_DATE = DateType()
_BYTES = BinaryType()
_BOOL = BooleanType()


@dataclass(frozen=True)
class Table:
    """A Delta table.

    Attributes:
        name: `layer.table`; its folder in the lake follows from it.
        key: the columns that identify a row.
        stats: the columns that may have min and max values in the transaction log. Those of others
            would be a copy of personal data or of pseudonyms that survives an erasure by the log's
            retention.
        deletion_vectors: whether a changed row is hidden beside its file, and the file written anew
            later (`maintenance.purge`). Readers without Spark have to know them: Arrow and Power
            BI's own reader do not.
    """

    name: str
    schema: StructType
    key: tuple[str, ...]
    partition_by: tuple[str, ...] = ()
    stats: tuple[str, ...] = ()
    change_feed: bool = False
    deletion_vectors: bool = False
    properties: dict[str, str] = field(default_factory=dict)

    @property
    def columns(self) -> list[str]:
        """Return the columns, in order."""
        return self.schema.names

    @property
    def folder(self) -> str:
        """Return its folder, relative to the lake."""
        return self.name.replace(".", "/")

    def all_properties(self) -> dict[str, str]:
        """Return the table properties, derived ones included."""
        derived = {
            "delta.enableDeletionVectors": str(self.deletion_vectors).lower(),
            "delta.dataSkippingStatsColumns": ",".join(self.stats),
            "delta.enableChangeDataFeed": str(self.change_feed).lower(),
            "delta.logRetentionDuration": "interval 30 days",
            # as Spark does it; deltalake would read up to a hundred commits
            "delta.checkpointInterval": "10",
            "delta.deletedFileRetentionDuration": "interval 7 days",
        }
        return derived | self.properties


def _struct(**fields: DataType) -> StructType:
    return StructType([StructField(name, kind) for name, kind in fields.items()])


RIGHTS = _struct(indexable=_BOOL, may_train=_BOOL, may_display=_BOOL, may_export=_BOOL)
SENTIMENT = _struct(
    label=_STRING,
    compound=_DOUBLE,
    confidence=_DOUBLE,
    scorer=_STRING,
    scorer_version=_STRING,
    reason=_STRING,
)
ENTITY = _struct(text=_STRING, kind=_STRING, confidence=_DOUBLE)
COORDINATES = _struct(topic=_STRING, partition=_INT, offset=_LONG)
HEADERS = MapType(_STRING, _BYTES)

BRONZE_POSTS = Table(
    name="bronze.posts",
    schema=_struct(
        topic=_STRING,
        partition=_INT,
        offset=_LONG,
        kafka_timestamp=_TIME,
        ingest_date=_DATE,
        platform=_STRING,
        op=_STRING,
        post_key=_STRING,
        author_key=_STRING,
        day=_DATE,
        key=_BYTES,
        headers=HEADERS,
        value=_BYTES,
    ),
    key=("topic", "partition", "offset"),
    partition_by=("ingest_date", "platform"),
    stats=("topic", "partition", "offset", "kafka_timestamp", "op", "day"),
)

SILVER_POSTS = Table(
    name="silver.posts",
    schema=_struct(
        owner=_STRING,
        platform=_STRING,
        post_key=_STRING,
        version=_LONG,
        event_id=_STRING,
        day=_DATE,
        created_at=_TIME,
        observed_at=_TIME,
        posted_at=_TIME,
        author_key=_STRING,
        channel=_STRING,
        reply_to_key=_STRING,
        title=_STRING,
        text=_STRING,
        lang=_STRING,
        hashtags=ArrayType(_STRING),
        emoji=ArrayType(_STRING),
        key_phrases=ArrayType(_STRING),
        entities=ArrayType(ENTITY),
        metrics=MapType(_STRING, _LONG),
        sentiment=SENTIMENT,
        pii=MapType(_STRING, _INT),
        rights=RIGHTS,
        sanitizer_version=_STRING,
        bronze=COORDINATES,
        processed_at=_TIME,
    ),
    key=("owner", "platform", "post_key"),
    partition_by=("day",),
    stats=(
        "owner",
        "platform",
        "version",
        "created_at",
        "observed_at",
        "posted_at",
        "processed_at",
    ),
    change_feed=True,
    deletion_vectors=True,
)

SILVER_TOMBSTONES = Table(
    name="silver.tombstones",
    schema=_struct(
        owner=_STRING,
        platform=_STRING,
        post_key=_STRING,
        author_key=_STRING,
        version=_LONG,
        day=_DATE,
        reason=_STRING,
        at=_TIME,
        until=_TIME,
    ),
    key=("owner", "platform", "post_key", "author_key", "version"),
    partition_by=("day",),
    stats=("owner", "platform", "version", "reason", "at", "until"),
)

QUARANTINE_POSTS = Table(
    name="quarantine.posts",
    schema=_struct(
        topic=_STRING,
        partition=_INT,
        offset=_LONG,
        kafka_timestamp=_TIME,
        platform=_STRING,
        stage=_STRING,
        reason=_STRING,
        rule_version=_INT,
        attempt=_INT,
        key=_BYTES,
        headers=HEADERS,
        value=_BYTES,
        at=_TIME,
    ),
    key=("topic", "partition", "offset"),
    stats=("topic", "partition", "offset", "kafka_timestamp", "platform", "reason", "at"),
)

GOLD_SENTIMENT_HOURLY = Table(
    name="gold.sentiment_hourly",
    schema=_struct(
        owner=_STRING,
        platform=_STRING,
        channel=_STRING,
        hour=_TIME,
        posts=_LONG,
        positive=_LONG,
        neutral=_LONG,
        negative=_LONG,
        mixed=_LONG,
        unscored=_LONG,
        compound_sum=_LONG,
        compound_sumsq=_LONG,
        authors=_LONG,
    ),
    key=("owner", "platform", "channel", "hour"),
    stats=("owner", "platform", "hour"),
)

GOLD_TABLES = (GOLD_SENTIMENT_HOURLY,)


def ops_batches(job: str) -> Table:
    """Return the batches of one job, one writer each; `ops.batches` is their union."""
    return Table(
        name=f"ops.batches.{job}",
        schema=_struct(
            query=_STRING,
            batch_id=_LONG,
            checkpoint_id=_STRING,
            started_at=_TIME,
            ended_at=_TIME,
            consumed=_LONG,
            new=_LONG,
            edited=_LONG,
            deleted=_LONG,
            duplicate=_LONG,
            stale=_LONG,
            suppressed=_LONG,
            quarantined=_LONG,
            rows_removed=_LONG,
            table_versions=MapType(_STRING, _LONG),
            input_rows_per_s=_DOUBLE,
            lag_records=_LONG,
            masked=MapType(_STRING, _LONG),
        ),
        key=("query", "checkpoint_id", "batch_id"),
        stats=("batch_id", "started_at", "ended_at"),
    )


def ops_erasures(job: str) -> Table:
    """Return one job's steps of erasures, one writer each; `ops.erasures` is the union.

    A step is admitted, removed (from `table`, by the commits between its two versions, and in
    Silver the purge that follows them) or vacuumed; `since` and `until` bound the `at` of the
    tombstones that are the erasure's. No pseudonym stands here. docs/adr/0017.
    """
    return Table(
        name=f"ops.erasures.{job}",
        schema=_struct(
            erasure_id=_STRING,
            cause=_STRING,
            step=_STRING,
            table=_STRING,
            asked_at=_TIME,
            since=_TIME,
            until=_TIME,
            what=MapType(_STRING, _LONG),
            rows=_LONG,
            version_before=_LONG,
            version_after=_LONG,
            at=_TIME,
            key_id=_STRING,
            signature=_STRING,
        ),
        key=("erasure_id", "step", "table", "version_after"),
        stats=("at", "until"),
    )


JOBS = ("topic_to_bronze", "bronze_to_silver", "silver_to_gold")
OPS_JOBS = (*JOBS, "replay_quarantine")  # who writes to ops.batches
TABLES = (
    BRONZE_POSTS,
    SILVER_POSTS,
    SILVER_TOMBSTONES,
    QUARANTINE_POSTS,
    *GOLD_TABLES,
    *(ops_batches(job) for job in OPS_JOBS),
    *(ops_erasures(job) for job in JOBS),
)
