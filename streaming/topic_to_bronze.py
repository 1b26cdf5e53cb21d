"""Run hop 2: append Kafka's records to bronze.posts."""

from functools import partial

from foundation import clock
from foundation.job_names import JobName
from foundation.key_sources import payload_source
from foundation.settings import Settings
from lakehouse.delta.lake import Lake
from lakehouse.erasure.run import erasure_task
from lakehouse.jobs import kafka
from lakehouse.jobs.job import Counts, Job, MicroBatch, OnProgress, RunningJob
from lakehouse.maintenance.compact import compaction_task
from lakehouse.retention.enforce import retention_tasks
from schemas.stored_names import APPEND_STEP, OPS_STEP, RESET_STARTING_OFFSETS
from schemas.tables import BRONZE_POSTS
from streaming.program import main
from streaming.run import StreamingJob
from transforms.bronze import to_bronze

NAME: JobName = "topic_to_bronze"


def preflight(settings: Settings) -> None:
    """Refuse to start if broker, key, checkpoint or table do not allow it; needs no Spark."""
    if settings.payloads.encrypt:
        payload_source(settings).load()
    _job(settings).preflight()
    kafka.demand_broker(settings)


def _job(settings: Settings, on_progress: OnProgress = None) -> Job:
    return Job(NAME, (BRONZE_POSTS,), settings, on_progress)


def start(lake: Lake, *, available_now: bool, on_progress: OnProgress = None) -> RunningJob:
    """Start the job; with `available_now` its query ends once it has processed all records."""
    settings = lake.settings
    if settings.payloads.encrypt:  # a missing key is refused before the first record
        payload_source(settings).load()
    job = _job(settings, on_progress)
    job.prepare(lake)
    kafka.check_offsets(job.checkpoint, settings)
    offsets = job.checkpoint.reset.get(RESET_STARTING_OFFSETS, "earliest")
    records = kafka.stream_records(lake.spark, settings, starting_offsets=offsets)
    return job.start(
        records,
        handle,
        available_now=available_now,
        every_s=settings.stream.trigger_s,
        tasks=[
            erasure_task(lake, job, (BRONZE_POSTS,)),
            *retention_tasks(lake, job),
            compaction_task(lake, job),
        ],
    )


def handle(batch: MicroBatch) -> int:
    """Append the batch, then write its row in ops, as only the commit has the number of rows."""
    counts = Counts()
    append = partial(append_records, batch)
    write_ops = partial(_write_ops, batch, counts)
    batch.run([(APPEND_STEP, append), (OPS_STEP, write_ops)])
    return counts.consumed


def append_records(batch: MicroBatch) -> None:
    """Append the batch's records to Bronze, once; encrypt payloads if the settings ask for it."""
    # One task per core writes, so that a batch makes few files, not one per topic and partition.
    records = batch.rows.coalesce(batch.lake.spark.sparkContext.defaultParallelism)
    source = payload_source(batch.settings) if batch.settings.payloads.encrypt else None
    rows = to_bronze(records, ingest_date=clock.now().date(), payload_key=source)
    batch.lake.append(rows, BRONZE_POSTS, txn=batch.txn(APPEND_STEP))


def _write_ops(batch: MicroBatch, counts: Counts) -> None:
    commit = batch.lake.log(BRONZE_POSTS).last_append()
    ends = batch.job.checkpoint.end_offset(batch.id)
    counts.consumed = int(commit["operationMetrics"].get("numOutputRows", 0))
    counts.table_versions = {BRONZE_POSTS.name: commit["version"]}
    counts.lag_records = kafka.lag(ends, batch.settings)
    batch.write_ops(counts)


JOB = StreamingJob(NAME, preflight, start)

if __name__ == "__main__":
    main(JOB)
