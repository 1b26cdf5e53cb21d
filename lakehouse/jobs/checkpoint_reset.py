"""Show where the jobs stand, and reset a checkpoint, for `echostream checkpoint`; needs no JVM."""

import json
from dataclasses import dataclass
from typing import Any

from deltalake import DeltaTable, QueryBuilder
from deltalake.exceptions import TableNotFoundError

from foundation.errors import (
    CheckpointDamagedError,
    CheckpointMissingError,
    EchoStreamError,
    LostCommitsError,
)
from foundation.job_names import JobName
from foundation.settings import Settings
from lakehouse.delta.log import TableLog
from lakehouse.jobs import commit_marks, kafka
from lakehouse.jobs.checkpoint import Checkpoint, checkpoint
from lakehouse.jobs.commit_marks import Lost
from lakehouse.jobs.done_batches import check_batches
from lakehouse.storage.lease import hold_lake
from lakehouse.storage.s3_files import Folder
from schemas.stored_names import (
    CHECKPOINT_PROPERTY,
    RESET_REPLACES,
    RESET_STARTING_OFFSETS,
    RESET_STARTING_VERSION,
    SILVER_VERSION,
)
from schemas.tables import BRONZE_POSTS, GOLD_SENTIMENT_HOURLY, JOBS, SILVER_POSTS, Table

_EARLIEST = -2  # Spark's number for the first offset that Kafka holds
_OWNED: dict[str, Table] = dict(
    zip(JOBS, (BRONZE_POSTS, SILVER_POSTS, GOLD_SENTIMENT_HOURLY), strict=True)
)


@dataclass(frozen=True, slots=True)
class CheckpointState:
    """The state of one job, as `echostream checkpoint show` prints it."""

    job: str
    folder: Folder
    id: str | None
    table: str
    table_id: str | None
    committed_batch: int | None
    is_pending: bool  # a batch was begun and not finished, so the next run repeats it
    end: Any
    # the id of the checkpoint that a reset replaced, until the first batch
    replaces: str | None
    lost: list[Lost]  # commits that the job's tables have lost
    wrong: EchoStreamError | None  # why the job cannot continue with its next batch

    @property
    def verdict(self) -> str:
        """Return in words whether the job would start."""
        if self.id is None:
            return (
                "none yet"
                if self.table_id is None
                else "missing: the table has data, a run refuses to start"
            )
        if self.lost:
            return "commits are lost: a run refuses to start"
        if self.wrong:
            return "not as far as the table: a run refuses to start"
        if self.table_id in (None, self.id):
            return "belongs to the table"
        return (
            "new since a reset"
            if self.table_id == self.replaces
            else "not the table's: a run refuses to start"
        )


@dataclass(frozen=True, slots=True)
class Reset:
    """The outcome of a reset.

    Attributes:
        job: the job.
        set_aside: where the former checkpoint is now.
        starts: where the new checkpoint starts, in words.
        gaps: the records that the job can no longer read, in words.
    """

    job: str
    set_aside: Folder
    starts: str
    gaps: list[str]


def show(settings: Settings) -> list[CheckpointState]:
    """Return the state of each job."""
    lost = commit_marks.losses(settings)
    return [_state(job, settings, [loss for loss in lost if loss.job == job]) for job in JOBS]


def reset(settings: Settings, job: JobName) -> Reset:
    """Set a job's checkpoint aside, and create one that starts where its table ends.

    Bronze starts after the highest offset that it holds. Silver reads all of Bronze again, and
    counts posts that it has as duplicates. Gold starts after the Silver version that it names. So
    no row is written twice, and lost records are named.

    Raises:
        LakeInUseError: a run holds the lake.
        CheckpointMissingError: the job has neither checkpoint nor table.
        BrokerUnreachableError: Bronze's reset needs Kafka's offsets, and no broker answers.
    """
    with hold_lake(settings):
        job_checkpoint = checkpoint(job, settings)
        commit_marks.clear_checksums(job, settings)
        if _open(_OWNED[job], settings) is None and not job_checkpoint.folder.exists():
            raise CheckpointMissingError(f"{job} has never run", remedy="There is nothing to reset")
        return begin_anew(settings, job)


def begin_anew(settings: Settings, job: JobName) -> Reset:
    """Reset a job's checkpoint, as `reset` does, for a caller that holds the lake already."""
    table = _open(_OWNED[job], settings)
    job_checkpoint = checkpoint(job, settings)
    if table is None:
        return Reset(job, job_checkpoint.set_aside(), "from the beginning", [])
    where, starts, gaps = _beginning(job, table, settings)
    seen = commit_marks.marks_of(job_checkpoint)
    aside = job_checkpoint.set_aside()
    job_checkpoint.create(
        reset=where | {RESET_REPLACES: table.metadata().configuration.get(CHECKPOINT_PROPERTY)}
    )
    if job == "topic_to_bronze":
        job_checkpoint.record_topics(kafka.topic_ids(kafka.offset_bounds(settings), settings))
    commit_marks.accept(checkpoint(job, settings), settings)
    # Gold continues where it stopped, so its reset restores no commit that Silver has lost.
    if job == "silver_to_gold":
        commit_marks.carry_over(seen, job_checkpoint, (SILVER_POSTS,))
    return Reset(job, aside, starts, gaps)


def _topics(checkpoint: Checkpoint) -> dict[str, str]:
    try:
        return checkpoint.topics
    except CheckpointDamagedError:
        return {}


def _beginning(
    job: str, table: DeltaTable, settings: Settings
) -> tuple[dict[str, Any], str, list[str]]:
    if job == "topic_to_bronze":
        offsets, gaps = _bronze_beginning(table, checkpoint(job, settings), settings)
        return (
            {RESET_STARTING_OFFSETS: json.dumps(offsets)},
            "after the highest offsets that bronze.posts holds",
            gaps,
        )
    if job == "bronze_to_silver":
        return (
            {},
            "with all of bronze.posts again; posts that silver.posts holds count as duplicates",
            [],
        )
    version = _named_silver_version(table)
    return {RESET_STARTING_VERSION: version + 1}, f"after silver.posts version {version}", []


def _bronze_beginning(
    table: DeltaTable, checkpoint: Checkpoint, settings: Settings
) -> tuple[dict[str, dict[str, int]], list[str]]:
    # The last by time: an old record of a recreated topic may have the highest offset.
    query = """SELECT topic, "partition",
               last_value("offset" ORDER BY kafka_timestamp, "offset") AS last
               FROM bronze GROUP BY topic, "partition" """
    rows = QueryBuilder().register("bronze", table).execute(query).read_all()
    names, partitions, lasts = (
        rows.column(name).to_pylist() for name in ("topic", "partition", "last")
    )
    last_offsets = {
        (topic, partition): last
        for topic, partition, last in zip(names, partitions, lasts, strict=True)
    }
    offsets: dict[str, dict[str, int]] = {}
    gaps = []
    all_bounds = kafka.offset_bounds(settings)
    known = _topics(checkpoint)
    ids = kafka.topic_ids(all_bounds, settings)
    for topic, bounds in all_bounds.items():
        read = {
            partition: last_offsets[topic, int(partition)]
            for partition in bounds
            if (topic, int(partition)) in last_offsets
        }
        # If the topic's former id is unknown, one partition that ends too early shows that the
        # whole topic was recreated.
        is_recreated = known.get(topic, ids[topic]) != ids[topic] or any(
            last >= bounds[partition][1] for partition, last in read.items()
        )
        for partition, (low, high) in bounds.items():
            last = read.get(partition)
            is_behind = last is not None and not is_recreated and low <= last + 1
            offsets.setdefault(topic, {})[partition] = (
                last + 1 if last is not None and is_behind else _EARLIEST
            )
            if last is not None and is_recreated:
                gaps.append(
                    f"{topic}[{partition}]: recreated: it ends at {high}, but {last} was read."
                    " It is read from its start"
                )
            elif last is not None and last + 1 < low:
                gaps.append(
                    f"{topic}[{partition}]: offsets {last + 1} to {low - 1} are lost: Kafka's"
                    " retention deleted them"
                )
    return offsets, gaps


def _named_silver_version(gold: DeltaTable) -> int:
    for commit in gold.history():
        metadata = commit.get("userMetadata")
        if metadata and (version := json.loads(metadata).get(SILVER_VERSION)) is not None:
            return int(version)
    return -1


def _state(job: str, settings: Settings, lost: list[Lost]) -> CheckpointState:
    job_checkpoint = checkpoint(job, settings)
    try:
        table = _open(_OWNED[job], settings)
    except LostCommitsError:  # `lost` has it
        table = None
    committed = job_checkpoint.committed_batch
    wrong = None
    end = None
    try:
        end = None if committed is None else job_checkpoint.end_offset(committed)
        if not lost and table:
            check_batches(job_checkpoint, _OWNED[job], settings)
    except EchoStreamError as error:
        wrong = error
    return CheckpointState(
        job=job,
        folder=job_checkpoint.folder,
        id=job_checkpoint.id if job_checkpoint.exists else None,
        table=_OWNED[job].name,
        table_id=table.metadata().configuration.get(CHECKPOINT_PROPERTY) if table else None,
        committed_batch=committed,
        is_pending=job_checkpoint.planned_batch != committed,
        end=end,
        replaces=job_checkpoint.reset.get(RESET_REPLACES),
        lost=lost,
        wrong=wrong,
    )


def _open(table: Table, settings: Settings) -> DeltaTable | None:
    try:
        return TableLog(table, settings).open()
    except TableNotFoundError:
        return None
