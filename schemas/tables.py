"""Define every table of the lake as a frozen value.

The comment of a column is its meaning, which `make reference` writes into docs/reference/tables.md.
"""

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
        name: `layer.table`; the table's folder in the lake follows from it.
        schema: the columns with their types.
        key: the columns that identify a row.
        partition_by: the columns that the table is partitioned by.
        stats: the columns that may have minimum and maximum values in the transaction log. Those of
            other columns would be a copy of personal data or pseudonyms, which would survive an
            erasure for as long as the log is kept.
        change_feed: whether Delta's change data feed is on.
        deletion_vectors: whether Delta hides a changed row by a vector, and the file is rewritten
            later (`maintenance.purge`). Readers without Spark must know vectors: Arrow and Power
            BI's own reader do not.
        properties: further table properties.
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
        """Return the names of the columns, in order."""
        return self.schema.names

    @property
    def folder(self) -> str:
        """Return the table's folder, relative to the lake."""
        return self.name.replace(".", "/")

    def all_properties(self) -> dict[str, str]:
        """Return all table properties, derived ones included."""
        derived = {
            "delta.enableDeletionVectors": str(self.deletion_vectors).lower(),
            "delta.dataSkippingStatsColumns": ",".join(self.stats),
            "delta.enableChangeDataFeed": str(self.change_feed).lower(),
            "delta.logRetentionDuration": "interval 30 days",
            # Spark's default; with deltalake's own, readers would read up to a hundred commits.
            "delta.checkpointInterval": "10",
            "delta.deletedFileRetentionDuration": "interval 7 days",
        }
        return derived | self.properties


def _struct(**fields: DataType) -> StructType:
    return StructType([StructField(name, kind) for name, kind in fields.items()])


RIGHTS = _struct(indexable=_BOOL, may_train=_BOOL, may_display=_BOOL, may_export=_BOOL)
SENTIMENT = _struct(
    label=_STRING,  # `positive`, `neutral`, `negative` or `mixed`; null if there is none
    compound=_DOUBLE,  # from -1 to 1
    confidence=_DOUBLE,  # calibrated probability that the label is right; null without a fit
    scorer=_STRING,  # name of the scorer
    scorer_version=_STRING,  # version of the scorer
    reason=_STRING,  # why the post has no label
)
ENTITY = _struct(text=_STRING, kind=_STRING, confidence=_DOUBLE)
COORDINATES = _struct(topic=_STRING, partition=_INT, offset=_LONG)
HEADERS = MapType(_STRING, _BYTES)

BRONZE_POSTS = Table(
    name="bronze.posts",
    schema=_struct(
        topic=_STRING,  # Kafka topic of the record
        partition=_INT,  # Kafka partition
        offset=_LONG,  # Kafka offset
        kafka_timestamp=_TIME,  # when Kafka received the record
        ingest_date=_DATE,  # UTC date of `kafka_timestamp`
        platform=_STRING,  # platform, from the topic's name
        op=_STRING,  # `upsert`, `delete`, `unmappable` or `delete_author`
        post_key=_STRING,  # pseudonym of the post, from the header
        author_key=_STRING,  # pseudonym of the author, from the header
        day=_DATE,  # the post's day, from the header
        key=_BYTES,  # Kafka key as received
        headers=HEADERS,  # Kafka headers as received
        value=_BYTES,  # the event as received, encrypted if `payloads.encrypt` is on
    ),
    key=("topic", "partition", "offset"),
    partition_by=("ingest_date", "platform"),
    stats=("topic", "partition", "offset", "kafka_timestamp", "op", "day"),
)

SILVER_POSTS = Table(
    name="silver.posts",
    schema=_struct(
        owner=_STRING,  # the owner of the credentials that fetched the post; `public` by default
        platform=_STRING,  # platform
        post_key=_STRING,  # pseudonym of the post
        version=_LONG,  # microseconds of the edit; 0 for a post as it was created
        event_id=_STRING,  # hash of the post and its content; the same content has the same hash
        day=_DATE,  # day of the post, which never changes
        created_at=_TIME,  # creation time that the platform states; it may be wrong
        observed_at=_TIME,  # when a producer saw this version
        posted_at=_TIME,  # `created_at` if it is plausible, else `observed_at`
        author_key=_STRING,  # pseudonym of the author; null when its retention period has passed
        channel=_STRING,  # subreddit, page, hashtag or instance; a pseudonym if it is a profile
        reply_to_key=_STRING,  # pseudonym of the post that this one answers
        title=_STRING,  # title without personal data; null when its retention period has passed
        text=_STRING,  # text without personal data; null when its retention period has passed
        lang=_STRING,  # ISO 639-1 code of the text; null if it is uncertain
        hashtags=ArrayType(_STRING),  # hashtags, without those that name a person
        emoji=ArrayType(_STRING),  # emoji of title and text
        key_phrases=ArrayType(_STRING),  # key phrases of title and text
        entities=ArrayType(ENTITY),  # organisations, products and places; see `entities.finder`
        metrics=MapType(_STRING, _LONG),  # the platform's counts, such as likes, as of this version
        sentiment=SENTIMENT,  # label, score and scorer
        pii=MapType(_STRING, _INT),  # how many pieces of personal data were removed, by type
        rights=RIGHTS,  # permitted uses of the post
        sanitizer_version=_STRING,  # version of the removal of personal data
        bronze=COORDINATES,  # coordinates of the record in Bronze
        processed_at=_TIME,  # when the job wrote this version
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
        owner=_STRING,  # owner of the post
        platform=_STRING,  # platform
        post_key=_STRING,  # pseudonym of the deleted post; null if an author was deleted
        author_key=_STRING,  # pseudonym of the deleted author; null if a post was deleted
        version=_LONG,  # every version up to this one is blocked
        day=_DATE,  # day of the post, if the delete states it
        reason=_STRING,  # who asked for the delete: `platform`, or a person by `request`
        at=_TIME,  # when the tombstone was written
        until=_TIME,  # always null so far: retention counts from `at`
    ),
    key=("owner", "platform", "post_key", "author_key", "version"),
    partition_by=("day",),
    stats=("owner", "platform", "version", "reason", "at", "until"),
)

QUARANTINE_POSTS = Table(
    name="quarantine.posts",
    schema=_struct(
        topic=_STRING,  # Kafka topic of the record
        partition=_INT,  # Kafka partition
        offset=_LONG,  # Kafka offset
        kafka_timestamp=_TIME,  # when Kafka received the record
        platform=_STRING,  # platform, from the topic's name
        stage=_STRING,  # `decode`, `validate`, `map` or `refine`: the step that failed
        reason=_STRING,  # reason code
        rule_version=_INT,  # version of the rules that judged the record
        attempt=_INT,  # how often the record was judged
        key=_BYTES,  # Kafka key as received
        headers=HEADERS,  # Kafka headers as received
        value=_BYTES,  # the event as received, encrypted if `payloads.encrypt` is on
        at=_TIME,  # when the record was quarantined
    ),
    key=("topic", "partition", "offset"),
    stats=("topic", "partition", "offset", "kafka_timestamp", "platform", "reason", "at"),
)

GOLD_SENTIMENT_HOURLY = Table(
    name="gold.sentiment_hourly",
    schema=_struct(
        owner=_STRING,  # owner of the posts
        platform=_STRING,  # platform
        channel=_STRING,  # channel, as in Silver
        hour=_TIME,  # hour of `posted_at`, UTC
        posts=_LONG,  # posts of this group
        positive=_LONG,  # posts with the label positive
        neutral=_LONG,  # posts with the label neutral
        negative=_LONG,  # posts with the label negative
        mixed=_LONG,  # posts with the label mixed
        unscored=_LONG,  # posts without a label
        compound_sum=_LONG,  # sum of the compound scores, in 1/10,000
        compound_sumsq=_LONG,  # sum of the squares of those integers
        authors=_LONG,  # distinct authors, exact
    ),
    key=("owner", "platform", "channel", "hour"),
    stats=("owner", "platform", "hour"),
)

GOLD_TABLES = (GOLD_SENTIMENT_HOURLY,)


def ops_batches(job: str) -> Table:
    """Return the table of one job's batches, which that job alone writes.

    `ops.batches` is the union of these tables.
    """
    return Table(
        name=f"ops.batches.{job}",
        schema=_struct(
            query=_STRING,  # job
            batch_id=_LONG,  # number of the batch in its checkpoint
            checkpoint_id=_STRING,  # id of the checkpoint; a reset makes a new one
            started_at=_TIME,  # start of the batch
            ended_at=_TIME,  # end of the batch
            consumed=_LONG,  # records that the batch read
            new=_LONG,  # posts that were not in Silver
            edited=_LONG,  # posts that replaced an older version
            deleted=_LONG,  # deletes, even of posts that never came
            duplicate=_LONG,  # records with content that Silver holds already
            stale=_LONG,  # records with an older version than Silver holds
            suppressed=_LONG,  # records that a tombstone or a retention period blocks
            quarantined=_LONG,  # records in quarantine
            rows_removed=_LONG,  # rows that deletes removed from Silver
            # version of each table that the batch wrote or read
            table_versions=MapType(_STRING, _LONG),
            input_rows_per_s=_DOUBLE,  # `consumed` per second of the batch
            lag_records=_LONG,  # records that still waited in Kafka
            masked=MapType(_STRING, _LONG),  # pieces of personal data that were removed, by type
        ),
        key=("query", "checkpoint_id", "batch_id"),
        stats=("batch_id", "started_at", "ended_at"),
    )


def ops_erasures(job: str) -> Table:
    """Return the table of one job's steps in erasures, which that job alone writes.

    `ops.erasures` is the union of these tables. A step is admitted, removed or vacuumed. Rows are
    removed from `table` by the commits between its two versions, and in Silver by the purge after
    them. `since` and `until` bound `at` of the erasure's tombstones. No pseudonym stands here. See
    docs/adr/0017.
    """
    return Table(
        name=f"ops.erasures.{job}",
        schema=_struct(
            erasure_id=_STRING,  # id of the request, or of the batch
            cause=_STRING,  # `request` of a person, `platform` or `expiry`
            step=_STRING,  # `admitted`, `removed` or `vacuumed`
            table=_STRING,  # table of the step, or `producers.<platform>`
            asked_at=_TIME,  # when the erasure was asked for
            since=_TIME,  # lower bound of the tombstones' `at`, exclusive
            until=_TIME,  # upper bound of the tombstones' `at`, inclusive
            what=MapType(_STRING, _LONG),  # counts, such as targets and tombstones
            rows=_LONG,  # rows that the step removed
            version_before=_LONG,  # version of the table before the step
            version_after=_LONG,  # version of the table after it
            at=_TIME,  # when the step was taken
            key_id=_STRING,  # fingerprint of the receipt key
            signature=_STRING,  # Ed25519 signature of all the other columns
        ),
        key=("erasure_id", "step", "table", "version_after"),
        stats=("at", "until"),
    )


JOBS = ("topic_to_bronze", "bronze_to_silver", "silver_to_gold")
OPS_JOBS = (*JOBS, "replay_quarantine")  # the jobs that write to ops.batches
TABLES = (
    BRONZE_POSTS,
    SILVER_POSTS,
    SILVER_TOMBSTONES,
    QUARANTINE_POSTS,
    *GOLD_TABLES,
    *(ops_batches(job) for job in OPS_JOBS),
    *(ops_erasures(job) for job in JOBS),
)
