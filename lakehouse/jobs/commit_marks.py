"""Notice lost commits, by marks of the commits that a job has seen, beside its checkpoint.

Versions only grow, and a commit's file never changes. So a table that ends before its mark, or has
another commit there, has lost commits, and their rows would be missing in silence. A job marks a
batch's commits before Spark notes the batch as done, so each finished batch has its mark. A crash
in between leaves an older mark, which is true as well.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from deltalake.exceptions import TableNotFoundError

from foundation.errors import CheckpointDamagedError, EchoStreamError, LostCommitsError
from foundation.settings import Settings
from lakehouse.delta import damage
from lakehouse.delta.log import TableLog
from lakehouse.jobs.checkpoint import Checkpoint, checkpoint
from lakehouse.storage.s3_files import Folder, S3Path, move
from schemas.stored_names import CHECKPOINT_PROPERTY, MARKS_FILE, RESET_REPLACES
from schemas.tables import (
    BRONZE_POSTS,
    GOLD_TABLES,
    JOBS,
    QUARANTINE_POSTS,
    SILVER_POSTS,
    SILVER_TOMBSTONES,
    Table,
    ops_batches,
    ops_erasures,
)

BRONZE_JOB, SILVER_JOB, GOLD_JOB = JOBS
_NONE = -1  # the version of a table that does not exist
_WRITES: dict[str, tuple[Table, ...]] = {
    BRONZE_JOB: (BRONZE_POSTS,),
    SILVER_JOB: (SILVER_POSTS, SILVER_TOMBSTONES, QUARANTINE_POSTS),
    GOLD_JOB: GOLD_TABLES,
}
_READS: dict[str, tuple[Table, ...]] = {
    BRONZE_JOB: (),
    SILVER_JOB: (BRONZE_POSTS,),
    GOLD_JOB: (SILVER_POSTS,),
}
# The checksums that Hadoop writes begin with a dot.
_NAME = re.compile(r"\.?(\d{20})\.(?:.*\.)?(json|parquet|crc)$")
_RESET_SILVER = f"`echostream checkpoint reset {SILVER_JOB}`"
_REMEDIES = {
    (
        BRONZE_JOB,
        BRONZE_POSTS.name,
    ): f"`echostream checkpoint reset {BRONZE_JOB}` reads Kafka again from where Bronze ends",
    (SILVER_JOB, BRONZE_POSTS.name): f"{_RESET_SILVER} reads Bronze again; no row is written twice",
    (
        SILVER_JOB,
        SILVER_POSTS.name,
    ): "`echostream rebuild silver` restores the posts from Bronze",
    (
        SILVER_JOB,
        SILVER_TOMBSTONES.name,
    ): f"{_RESET_SILVER} restores the deletes that Bronze holds; ask for erasures again",
    (SILVER_JOB, QUARANTINE_POSTS.name): f"{_RESET_SILVER} restores the records that Bronze holds",
    (GOLD_JOB, SILVER_POSTS.name): "`echostream rebuild gold` counts again",
    **{(GOLD_JOB, table.name): "`echostream rebuild gold` counts again" for table in GOLD_TABLES},
}


@dataclass(frozen=True, slots=True)
class Mark:
    """A commit that a job has seen.

    `commit` tells the commit from another one of the same version; None if nobody recorded it.
    """

    version: int
    commit: str | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """A table's log now: its newest version, and the commit at the mark's version, if any."""

    version: int
    at_mark: str | None


@dataclass(frozen=True, slots=True)
class Lost:
    """A loss of commits in a table, of which a job had seen version `marked`."""

    job: str
    table: str
    marked: int
    version: int

    def __str__(self) -> str:
        """Return a sentence that names the table and the lost versions."""
        if self.version == _NONE:
            return f"{self.table} is gone, {self.job} had seen its version {self.marked}"
        if self.version < self.marked:
            first = self.version + 1
            gone = (
                f"version {first}" if first == self.marked else f"versions {first} to {self.marked}"
            )
            return (
                f"{self.table} has lost {gone}, which {self.job} had seen: it ends at"
                f" {self.version}"
            )
        return (
            f"{self.table} has lost version {self.marked}, which {self.job} had seen: another"
            " commit has its place"
        )

    @property
    def remedy(self) -> str:
        """Return the command that restores the commits, or accepts their loss."""
        if (self.job, self.table) == (
            BRONZE_JOB,
            BRONZE_POSTS.name,
        ) and self.version >= self.marked:
            return (
                f"`echostream checkpoint reset {self.job}` continues with the table as it is; the"
                " lost rows stay missing"
            )
        ops = (
            f"`echostream checkpoint reset {self.job}` continues without these rows; no post is"
            " lost"
        )
        if self.table == ops_erasures(self.job).name:
            ops += ", but ask again for erasures that have no receipt"
        return _REMEDIES.get((self.job, self.table), ops)


def compare(job: str, table: str, mark: Mark, seen: Seen) -> Lost | None:
    """Return the loss of commits that the job had seen, if any; deleted old files are no loss."""
    is_other = mark.commit is not None and seen.at_mark is not None and mark.commit != seen.at_mark
    return (
        Lost(job, table, mark.version, seen.version)
        if seen.version < mark.version or is_other
        else None
    )


def refuse(losses: Iterable[Lost]) -> None:
    """Raise an error if there is a loss.

    Raises:
        LostCommitsError: there is one.
    """
    if lost := list(losses):
        remedies = dict.fromkeys(loss.remedy for loss in lost)
        raise LostCommitsError(
            "; ".join(map(str, lost)),
            remedy="Nothing more is written. Put the lost files of _delta_log back, or run in this"
            " order: " + "; then ".join(remedies),
        )


def losses(settings: Settings) -> list[Lost]:
    """Return the losses in the lake, by the marks of each job."""
    return [
        lost for job in JOBS for lost in _lost(checkpoint(job, settings), tables_of(job), settings)
    ]


def losses_for(job: str, settings: Settings) -> list[Lost]:
    """Return the losses in a job's tables, by its own marks and those of their readers.

    Where each job has its own role, the job may read no other marks: docs/privacy/access.md.
    """
    readers = {other: [table for table in _READS[other] if table in _WRITES[job]] for other in JOBS}
    tables_by_job = {job: tables_of(job)} | {
        other: tables for other, tables in readers.items() if tables
    }
    return [
        lost
        for marking, tables in tables_by_job.items()
        for lost in _lost(checkpoint(marking, settings), tables, settings)
    ]


def demand_whole(settings: Settings, *, but: Callable[[Lost], bool] = lambda _: False) -> None:
    """Refuse work on a lake that has lost commits, except those that the work repairs.

    Also delete checksums of lost commits, which would prevent the repair.

    Args:
        settings: those of the lake.
        but: whether the work repairs a loss.

    Raises:
        LostCommitsError: a table has lost commits that the work does not repair.
    """
    lost = losses(settings)
    refuse(loss for loss in lost if not but(loss))
    for job in {loss.job for loss in lost}:
        clear_checksums(job, settings)


def clear_checksums(job: str, settings: Settings) -> None:
    """Delete the checksums of lost commits, with which nobody can read the table."""
    for log in (TableLog(table, settings).folder for table in tables_of(job)):
        if not log.is_dir():
            continue
        files = [
            (int(name[1]), log / name[0], name[2])
            for file in log.iterdir()
            if (name := _NAME.match(file.name))
        ]
        last = max((version for version, _, kind in files if kind != "crc"), default=_NONE)
        for version, file, kind in files:
            if kind == "crc" and version > last:
                _remove(file)


def advance(checkpoint: Checkpoint, settings: Settings) -> None:
    """Compare the job's tables with its marks, then advance the marks.

    Raises:
        LostCommitsError: commits are missing.
    """
    lost, marks = _compare_tables(checkpoint, tables_of(checkpoint.job), settings)
    refuse(lost)
    if checkpoint.exists and marks != _read(checkpoint):
        _write(checkpoint, marks)


def follow(settings: Settings) -> None:
    """Advance all jobs' marks after work of another program; marks of lost commits stay."""
    for job_checkpoint in (checkpoint(job, settings) for job in JOBS):
        _, marks = _compare_tables(job_checkpoint, tables_of(job_checkpoint.job), settings)
        if job_checkpoint.exists and marks != _read(job_checkpoint):
            _write(job_checkpoint, marks)


def accept(
    checkpoint: Checkpoint, settings: Settings, tables: Iterable[Table] | None = None
) -> None:
    """Mark tables as they are now, after lost commits were restored or given up."""
    if checkpoint.exists:
        accepted = tables_of(checkpoint.job) if tables is None else tables
        names = {table.name for table in accepted}
        others = {name: mark for name, mark in _read(checkpoint).items() if name not in names}
        _write(
            checkpoint,
            others | {table.name: mark for table in accepted if (mark := _now(table, settings))},
        )


def carry_over(old: Mapping[str, Mark], checkpoint: Checkpoint, tables: Iterable[Table]) -> None:
    """Keep an older checkpoint's marks of tables that the new checkpoint does not restore."""
    kept = {table.name: old[table.name] for table in tables if table.name in old}
    _write(checkpoint, _read(checkpoint) | kept)


def marks_of(checkpoint: Checkpoint) -> dict[str, Mark]:
    """Return a job's marks; if its source table has none, the checkpoint's offsets give one."""
    marks = _read(checkpoint)
    for table in _READS[checkpoint.job]:
        if table.name not in marks and (committed := checkpoint.committed_batch) is not None:
            # Another check refuses a damaged checkpoint.
            with suppress(CheckpointDamagedError):
                offset = checkpoint.end_offset(committed)
                marks[table.name] = Mark(offset["reservoirVersion"] - (offset["index"] < 0))
    return marks


def tables_of(job: str) -> list[Table]:
    """Return the tables of which a job keeps marks: those that it writes and the one it reads."""
    return [*_WRITES[job], ops_batches(job), ops_erasures(job), *_READS[job]]


def _lost(checkpoint: Checkpoint, tables: Iterable[Table], settings: Settings) -> list[Lost]:
    """Return the losses that a checkpoint's marks show; none for a checkpoint of another lake.

    Another check refuses that checkpoint.
    """
    lost, _ = _compare_tables(checkpoint, tables, settings)
    return [] if lost and _is_foreign(checkpoint, settings) else lost


def _is_foreign(checkpoint: Checkpoint, settings: Settings) -> bool:
    try:
        known = TableLog(_WRITES[checkpoint.job][0], settings).properties().get(CHECKPOINT_PROPERTY)
    except EchoStreamError:  # the log is broken, or this job's role may not read that table
        return False
    return checkpoint.exists and known not in (
        None,
        checkpoint.id,
        checkpoint.reset.get(RESET_REPLACES),
    )


def _compare_tables(
    checkpoint: Checkpoint, tables: Iterable[Table], settings: Settings
) -> tuple[list[Lost], dict[str, Mark]]:
    """Return the losses, and the advanced marks."""
    marks = marks_of(checkpoint)
    compared = list(tables)
    with ThreadPoolExecutor(max(len(compared), 1)) as pool:  # on S3 each read waits for an answer
        seen = list(pool.map(lambda table: _seen(table, marks.get(table.name), settings), compared))
    lost = []
    new = dict(marks)
    for table, now in zip(compared, seen, strict=True):
        mark = marks.get(table.name)
        if mark and (missing := compare(checkpoint.job, table.name, mark, now)):
            lost.append(missing)
        elif now.version != _NONE and (
            mark is None or mark.commit is None or mark.version != now.version
        ):
            new[table.name] = Mark(now.version, _commit(table, now.version, settings))
    return lost, new


def _seen(table: Table, mark: Mark | None, settings: Settings) -> Seen:
    """Step from the mark to the log's end: the cost depends on new commits, not on the log."""
    log = TableLog(table, settings).folder
    if mark is None or (at_mark := _commit(table, mark.version, settings)) is None:
        now = _now(table, settings)
        return Seen(now.version if now else _NONE, None)
    version = mark.version
    while _file(log, version + 1).is_file():
        version += 1
    # It is a gap, not news: nobody commits twice between the loop's end and this line.
    if _file(log, version + 2).is_file() and not _file(log, version + 1).is_file():
        raise TableLog(table, settings).damaged(version + 1)
    return Seen(version, at_mark)


def _now(table: Table, settings: Settings) -> Mark | None:
    try:
        version = TableLog(table, settings).version()
    except TableNotFoundError:
        return None
    except LostCommitsError as error:  # deltalake has met a checksum of a lost commit
        if error.ends_at is None:
            raise
        version = error.ends_at
    commit = _commit(table, version, settings)
    if commit is None:
        # Delta's own checkpoint holds the commit's rows. But deltalake cannot write after it, and
        # Gold cannot read the commit.
        raise TableLog(table, settings).damaged(version)
    return Mark(version, commit)


def _commit(table: Table, version: int, settings: Settings) -> str | None:
    """Return a hash of a commit's file; None if the file does not exist.

    Raises:
        LogDamagedError: the file is broken, so it is no commit to mark.
    """
    file = _file(TableLog(table, settings).folder, version)
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except UnicodeDecodeError:
        text = ""
    if not all(line.startswith("{") and line.endswith("}") for line in text.splitlines() or [""]):
        raise damage.of_log(
            table.name, TableLog(table, settings).path, None, file=f"_delta_log/{file.name}"
        )
    return sha256(text.encode()).hexdigest()[:16]


def _file(log: Folder, version: int) -> Folder:
    return log / f"{version:020}.json"


def _remove(file: Folder) -> None:
    match file:
        case S3Path():
            file.remove()
        case Path():
            file.unlink(missing_ok=True)


def _read(checkpoint: Checkpoint) -> dict[str, Mark]:
    try:
        stored = json.loads((checkpoint.folder / MARKS_FILE).read_text(encoding="utf-8"))
        return {name: Mark(int(version), commit) for name, (version, commit) in stored.items()}
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (ValueError, TypeError, AttributeError):  # a crashed machine may leave half a file
        return {}


def _write(checkpoint: Checkpoint, marks: Mapping[str, Mark]) -> None:
    draft = checkpoint.folder / f"{MARKS_FILE}.new"
    draft.write_text(
        json.dumps({name: [mark.version, mark.commit] for name, mark in marks.items()}),
        encoding="utf-8",
    )
    move(draft, checkpoint.folder / MARKS_FILE)
