"""A job's checkpoint, and the rules that tie it to the job's table.

The checkpoint has an id of its own (Spark's file `metadata`), and the table knows that id as a property. A job starts
only where both agree, so that a lost, copied or mixed-up checkpoint never leads to rows that are skipped in silence
by Delta's transaction ids, or taken in twice.
"""

import json
import uuid
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from foundation import clock
from foundation.errors import CheckpointMismatchError, CheckpointMissingError
from foundation.settings import Settings
from lakehouse.s3_path import Folder, S3Path, move

PROPERTY = "echostream.checkpoint"


@dataclass(frozen=True)
class Checkpoint:
    """The folder of one job's checkpoint."""

    job: str
    folder: Folder

    @property
    def exists(self) -> bool:
        """Whether the folder holds a checkpoint."""
        return (self.folder / "metadata").is_file()

    @cached_property
    def id(self) -> str:
        """Spark's id of the query, which a restart keeps."""
        try:
            return str(json.loads((self.folder / "metadata").read_text(encoding="utf-8"))["id"])
        except (OSError, ValueError, KeyError):
            raise CheckpointMissingError(
                f"checkpoint {self.folder} has no readable metadata", remedy=_reset_hint(self.job)
            ) from None

    @property
    def planned_batch(self) -> int | None:
        """The newest batch that was planned."""
        return _newest(self.folder / "offsets")

    @property
    def committed_batch(self) -> int | None:
        """The newest batch that was finished."""
        return _newest(self.folder / "commits")

    @property
    def reset(self) -> dict[str, Any]:
        """Where a checkpoint that replaces another one starts; empty for others."""
        file = self.folder / "reset.json"
        found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
        return found

    @property
    def topics(self) -> dict[str, str]:
        """Kafka's ids of the topics that were read, by name; empty where nobody noted them."""
        file = self.folder / "topics.json"
        found: dict[str, str] = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
        return found

    def note_topics(self, ids: dict[str, str]) -> None:
        """Keep the ids of the topics that are read from now on."""
        if ids != self.topics:
            draft = self.folder / "topics.json.new"
            draft.write_text(json.dumps(ids), encoding="utf-8")
            move(draft, self.folder / "topics.json")

    def end_offset(self, batch_id: int) -> Any:
        """Where a planned batch ends, in the terms of its source."""
        lines = (self.folder / "offsets" / str(batch_id)).read_text(encoding="utf-8").splitlines()
        return json.loads(lines[2])

    def create(self, *, reset: dict[str, Any] | None = None) -> None:
        """Begin a new one under an id of our choosing, known before the first batch."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if reset is not None:
            (self.folder / "reset.json").write_text(json.dumps(reset), encoding="utf-8")
        (self.folder / "metadata").write_text(json.dumps({"id": str(uuid.uuid4())}), encoding="utf-8")

    def set_aside(self) -> Folder:
        """Move the folder out of the way, keeping it; answers where it went."""
        aside = self.folder.with_name(f"{self.folder.name}.{clock.now():%Y%m%dT%H%M%S%f}")
        if self.folder.exists():
            move(self.folder, aside)
        return aside


def checkpoint(job: str, settings: Settings) -> Checkpoint:
    """The checkpoint of a job; its folder follows from the job's name, on S3 beside the tables."""
    if settings.is_on_s3:
        return Checkpoint(job, S3Path(f"{settings.lake_uri}/_checkpoints/{job}/v1", settings.s3))
    return Checkpoint(job, settings.home / "checkpoints" / job / "v1")


def check(mine: Checkpoint, *, table: str, table_checkpoint: str | None, table_has_rows: bool) -> None:
    """Refuse a checkpoint that does not belong to the table.

    Args:
        mine: the checkpoint.
        table: the table's name, for the message.
        table_checkpoint: the id that the table knows, None where the table is not there or knows none.
        table_has_rows: whether something was ever written to it.

    Raises:
        CheckpointMissingError: the table was written, the checkpoint is gone.
        CheckpointMismatchError: they do not belong together.
    """
    if not mine.exists:
        if table_has_rows or (mine.folder / "offsets").exists():
            raise CheckpointMissingError(
                f"{table} has data but the checkpoint {mine.folder} is gone", remedy=_reset_hint(mine.job)
            )
        return
    expected = mine.reset.get("replaces", mine.id) if mine.planned_batch is None else mine.id
    if table_checkpoint is None and mine.committed_batch is None:
        return
    if table_checkpoint not in (mine.id, expected):
        raise CheckpointMismatchError(
            f"checkpoint {mine.folder} is {mine.id[:8]}, but {table} was written by {(table_checkpoint or 'none')[:8]}",
            remedy=f"Put the table's own checkpoint back, or: {_reset_hint(mine.job)}",
        )


def _newest(folder: Folder) -> int | None:
    batches = [int(file.name) for file in folder.iterdir() if file.name.isdigit()] if folder.is_dir() else []
    return max(batches, default=None)


def _reset_hint(job: str) -> str:
    return f"`echostream checkpoint reset {job}` starts a new one where the table ends; nothing doubles"
