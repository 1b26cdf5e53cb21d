"""Read a job's checkpoint, and check that it belongs to the job's table.

Spark's file `metadata` gives the checkpoint an id, and a property of the table names this id. A job
starts only if both agree. So a lost, copied or mixed-up checkpoint never makes Delta's transaction
ids skip rows in silence, or lets rows in twice.
"""

import json
import re
import uuid
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import unquote

from foundation import clock
from foundation.errors import (
    CheckpointDamagedError,
    CheckpointMismatchError,
    CheckpointMissingError,
)
from foundation.settings import Settings
from lakehouse.storage.s3_files import Folder, S3Path, move
from schemas.stored_names import (
    CHECKPOINT_VERSION,
    CHECKPOINTS_FOLDER,
    CHECKPOINTS_FOLDER_ON_S3,
    RESET_FILE,
    RESET_REPLACES,
    TOPICS_FILE,
)


@dataclass(frozen=True)
class Checkpoint:
    """The folder of one job's checkpoint."""

    job: str
    folder: Folder

    @property
    def exists(self) -> bool:
        """Return whether the folder holds a checkpoint."""
        return (self.folder / "metadata").is_file()

    @cached_property
    def id(self) -> str:
        """Return Spark's id of the query, which a restart keeps.

        Raises:
            CheckpointMissingError: the id cannot be read.
        """
        try:
            return str(json.loads((self.folder / "metadata").read_text(encoding="utf-8"))["id"])
        except (OSError, ValueError, KeyError):
            raise CheckpointMissingError(
                f"checkpoint {self.folder} has no readable metadata", remedy=reset_hint(self.job)
            ) from None

    @property
    def planned_batch(self) -> int | None:
        """Return the newest batch that was planned; None if there is none."""
        return _newest(self.folder / "offsets")

    @property
    def committed_batch(self) -> int | None:
        """Return the newest batch that was finished; None if there is none."""
        return _newest(self.folder / "commits")

    @property
    def reset(self) -> dict[str, Any]:
        """Return where this checkpoint starts after a reset; empty without a reset."""
        return self._content_of(RESET_FILE)

    @property
    def topics(self) -> dict[str, str]:
        """Return Kafka's ids of the topics that were read, by name; empty if unknown."""
        return self._content_of(TOPICS_FILE)

    def record_topics(self, ids: dict[str, str]) -> None:
        """Store the ids of the topics that are read from now on."""
        if ids != self.topics:
            draft = self.folder / f"{TOPICS_FILE}.new"
            draft.write_text(json.dumps(ids), encoding="utf-8")
            move(draft, self.folder / TOPICS_FILE)

    def end_offset(self, batch_id: int) -> Any:
        """Return where a planned batch ends, in the format of its source.

        Raises:
            CheckpointDamagedError: the batch's file is gone or cannot be read.
        """
        return self._line("offsets", batch_id, 2)

    def demand_whole(self) -> None:
        """Refuse a checkpoint from which Spark would not continue with the next batch.

        Raises:
            CheckpointDamagedError: one of the newest files is damaged, or only older ones are left.
        """
        planned = self.planned_batch
        committed = self.committed_batch
        if committed is not None:
            self._line("commits", committed, 1)
            self.end_offset(committed)
        if planned is not None:
            self.end_offset(planned)

    def _line(self, folder: str, batch_id: int, number: int) -> Any:
        file = self.folder / folder / str(batch_id)
        try:
            return json.loads(file.read_text(encoding="utf-8").splitlines()[number])
        except FileNotFoundError:
            raise self.damaged(file, "is gone") from None
        except (ValueError, IndexError):
            raise self.damaged(file, "cannot be read") from None

    def _content_of(self, name: str) -> dict[str, Any]:
        file = self.folder / name
        try:
            content = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
        except ValueError:
            content = None
        if not isinstance(content, dict):
            raise self.damaged(file, "cannot be read")
        return content

    def damage_in(self, content: str) -> CheckpointDamagedError | None:
        """Return the error for a file of this checkpoint that Spark's message names, if any."""
        bare = str(self.folder).rpartition("://")[2].strip("/")
        match = re.search(rf"{re.escape(bare)}/(\w+(?:/\w+)*)", unquote(content))
        return self.damaged(self.folder / match[1], "cannot be read") if match else None

    def damaged(self, file: Folder, how: str) -> CheckpointDamagedError:
        """Return the error for a file of this checkpoint that is damaged or gone."""
        return CheckpointDamagedError(
            f"the checkpoint of {self.job} is damaged: {file} {how}",
            remedy="The tables are left as they are. Put the file back from a copy, or:"
            f" {reset_hint(self.job)}",
        )

    def create(self, *, reset: dict[str, Any] | None = None) -> None:
        """Create a checkpoint under an id of our own, which is known before the first batch."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if reset is not None:
            (self.folder / RESET_FILE).write_text(json.dumps(reset), encoding="utf-8")
        (self.folder / "metadata").write_text(
            json.dumps({"id": str(uuid.uuid4())}), encoding="utf-8"
        )

    def set_aside(self) -> Folder:
        """Move the folder aside without deleting it, and return its new path."""
        aside = self.folder.with_name(f"{self.folder.name}.{clock.now():%Y%m%dT%H%M%S%f}")
        if self.folder.exists():
            move(self.folder, aside)
        return aside


def checkpoint(job: str, settings: Settings) -> Checkpoint:
    """Return the checkpoint of a job, whose folder has the job's name.

    On S3 the folder lies beside the tables.

    >>> checkpoint("topic_to_bronze", settings).committed_batch
    """
    if settings.is_on_s3:
        return Checkpoint(
            job,
            S3Path(
                f"{settings.lake_uri}/{CHECKPOINTS_FOLDER_ON_S3}/{job}/{CHECKPOINT_VERSION}",
                settings.s3,
            ),
        )
    return Checkpoint(job, settings.home / CHECKPOINTS_FOLDER / job / CHECKPOINT_VERSION)


def check(
    checkpoint: Checkpoint, *, table: str, table_checkpoint: str | None, table_has_rows: bool
) -> None:
    """Refuse a checkpoint that does not belong to the table.

    Args:
        checkpoint: the checkpoint.
        table: the table's name, for the message.
        table_checkpoint: the id that a property of the table names; None without it or the table.
        table_has_rows: whether anything was ever written to the table.

    Raises:
        CheckpointMissingError: the table was written, but the checkpoint is gone.
        CheckpointMismatchError: the checkpoint is another table's.
    """
    if not checkpoint.exists:
        if table_has_rows or (checkpoint.folder / "offsets").exists():
            raise CheckpointMissingError(
                f"{table} has data but the checkpoint {checkpoint.folder} is gone",
                remedy=reset_hint(checkpoint.job),
            )
        return
    expected = (
        checkpoint.reset.get(RESET_REPLACES, checkpoint.id)
        if checkpoint.planned_batch is None
        else checkpoint.id
    )
    if table_checkpoint is None and checkpoint.committed_batch is None:
        return
    if table_checkpoint not in (checkpoint.id, expected):
        raise CheckpointMismatchError(
            f"checkpoint {checkpoint.folder} is {checkpoint.id[:8]}, but {table} was written by"
            f" {(table_checkpoint or 'none')[:8]}",
            remedy=f"Put the table's own checkpoint back, or: {reset_hint(checkpoint.job)}",
        )


def _newest(folder: Folder) -> int | None:
    batches = (
        [int(file.name) for file in folder.iterdir() if file.name.isdigit()]
        if folder.is_dir()
        else []
    )
    return max(batches, default=None)


def reset_hint(job: str) -> str:
    """Return the remedy that names the command of a reset and says what it does."""
    return (
        f"`echostream checkpoint reset {job}` starts a new one where the table ends; no row is"
        " written twice"
    )
