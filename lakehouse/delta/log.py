"""Read the log of a Delta table without Spark, in milliseconds."""

import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deltalake import DeltaTable, QueryBuilder
from deltalake.exceptions import DeltaError, TableNotFoundError

from foundation.errors import EchoStreamError, LogDamagedError, StoreUnreachableError
from foundation.settings import Settings
from lakehouse.delta import damage
from lakehouse.storage.s3 import is_s3, storage_options
from lakehouse.storage.s3_files import Folder, S3Path
from schemas.tables import Table

_CHECKPOINT = re.compile(r"(\d{20})\.checkpoint\..*parquet$")


@dataclass(frozen=True, slots=True)
class TableLog:
    """The log of one table of a lake.

    >>> TableLog(SILVER_POSTS, settings).version()
    """

    table: Table
    settings: Settings

    @property
    def path(self) -> str:
        """Return the table's folder."""
        return f"{self.settings.lake_uri}/{self.table.folder}"

    @property
    def folder(self) -> Folder:
        """Return the log's folder."""
        folder = f"{self.path}/_delta_log"
        return S3Path(folder, self.settings.s3) if self.settings.is_on_s3 else Path(folder)

    def exists(self) -> bool:
        """Return whether the table exists."""
        return DeltaTable.is_deltatable(self.path, self._storage_options())

    def clear_unborn(self) -> None:
        """Delete the empty log of a table that has no commit yet, because Spark misreads it.

        A kill or a full disk before the first commit leaves such a log. An object store has no
        empty folders.
        """
        if is_s3(self.settings.lake_uri):
            return
        log = Path(self.path, "_delta_log")
        if log.is_dir() and not any(log.glob("*.json")) and not any(log.glob("*.parquet")):
            shutil.rmtree(log)

    def open(self) -> DeltaTable:
        """Open the table at its newest version.

        Raises:
            TableNotFoundError: the table does not exist.
            LogDamagedError, LostCommitsError: the log is broken, or its end is missing.
            StoreUnreachableError: the table cannot be read for another reason.
        """
        try:
            return DeltaTable(self.path, storage_options=self._storage_options())
        except TableNotFoundError:
            raise
        except (DeltaError, OSError) as error:
            raise self._unreadable(error) from None

    def version(self) -> int:
        """Return the table's newest version."""
        return self.open().version()

    def transaction(self, app: str) -> int | None:
        """Return the newest version of a transaction's `app`; None if it never wrote the table."""
        try:
            return self.open().transaction_version(app)
        except TableNotFoundError:
            return None

    def last_commit(self) -> dict[str, Any]:
        """Return the newest commit: version, operation, operationMetrics, userMetadata."""
        return self.open().history(1)[0]

    def last_append(self) -> dict[str, Any]:
        """Return the newest commit that appended rows; maintenance may have followed it.

        Raises:
            LookupError: the log, as far as it goes back, has no append.
        """
        opened = self.open()
        for limit in (1, None):
            for commit in opened.history(limit):
                parameters = commit["operationParameters"]
                if commit["operation"] == "WRITE" and parameters["mode"] == "Append":
                    return commit
        raise LookupError(f"{self.table.name} has no append in its log")

    def commits_since(self, first: int) -> list[dict[str, Any]]:
        """Return the commits from `first` on, newest first, as far as the log goes back."""
        opened = self.open()
        if first > opened.version():
            return []
        return opened.history(opened.version() - first + 1)

    def newest_metadata(self, name: str) -> Any:
        """Return the newest value of a name in the commits' user metadata; None without one."""
        opened = self.open()
        for limit in (1, 100, None):  # mostly the last commit has it, or one of the last month
            for commit in opened.history(limit):  # newest first
                metadata = metadata_of(commit)
                if name in metadata:
                    return metadata[name]
        return None

    def properties(self, *, version: int | None = None) -> dict[str, str]:
        """Return the table's properties, now or as of a version; empty without a table."""
        try:
            opened = self.open()
            if version is not None:
                opened.load_as_version(version)
        except TableNotFoundError:
            return {}
        return {name: value for name, value in opened.metadata().configuration.items() if value}

    def rows(self, query: str) -> list[dict[str, Any]]:
        """Return the rows of an SQL query on a small table, which the query names `t`."""
        rows: list[dict[str, Any]] = _table(
            QueryBuilder().register("t", self.open()).execute(query).read_all()
        ).to_pylist()
        return rows

    def files_with_hidden_rows(self) -> list[str]:
        """Return the paths of the data files that have a deletion vector."""
        vectors = _table(self.open().deletion_vectors().read_all())
        paths: list[str] = vectors.column("filepath").to_pylist()
        return paths

    def has_file(self, file: str) -> bool:
        """Return whether the table's newest version has a data file of this name."""
        name = file.rpartition("/")[2]
        return any(uri.endswith(f"/{name}") for uri in self.open().file_uris())

    def damaged(self, version: int) -> LogDamagedError:
        """Return the error for a log that lacks a commit."""
        return damage.of_log(self.table.name, self.path, version)

    def _storage_options(self) -> dict[str, str] | None:
        return storage_options(self.settings.lake_uri, self.settings.s3)

    def _unreadable(self, error: Exception) -> EchoStreamError:
        if damage.is_of_a_checkpoint(error):
            file = f"_delta_log/{self._checkpoint()}"
            return damage.of_log(self.table.name, self.path, None, file=file)
        return damage.known(error, self.table.name, self.path) or StoreUnreachableError(
            f"{self.table.name} at {self.path} cannot be read ({type(error).__name__})",
            remedy="Check that the lake is complete and that its store answers",
        )

    def _checkpoint(self) -> str:
        """Return the file of Delta's own checkpoint, named by _last_checkpoint or else newest."""
        try:
            last = (self.folder / "_last_checkpoint").read_text(encoding="utf-8")
            version = int(json.loads(last)["version"])
        except (OSError, ValueError, KeyError, TypeError):
            names = (_CHECKPOINT.match(file.name) for file in self.folder.iterdir())
            version = max((int(name[1]) for name in names if name), default=0)
        return f"{version:020}.checkpoint.parquet"


def in_sql(path: str) -> str:
    """Return a table's folder as Spark's SQL names it."""
    return "delta.`{}`".format(path.replace("`", "``"))


def metadata_of(commit: dict[str, Any]) -> dict[str, Any]:
    """Return the user metadata of a commit; empty if it has none."""
    metadata: dict[str, Any] = json.loads(commit.get("userMetadata") or "{}")
    return metadata


def _table(answer: Any) -> Any:
    """Return a result of delta-rs as an Arrow table; Any, because pyarrow has no types."""
    import pyarrow as pa  # noqa: PLC0415  # half a second that not every command needs

    return pa.table(answer)
