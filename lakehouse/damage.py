"""What is broken in a table, by what deltalake, Delta and Spark say of it: table, file, what is safe, the command."""

import re
from urllib.parse import unquote

from foundation.errors import DataFileDamagedError, LogDamagedError, LostCommitsError

_GAP = re.compile(r"found gap: .*?/(\d{20})\.json", re.DOTALL)  # with the last commit before it
_ENDS_EARLY = re.compile(r"CRC file version (\d+) is newer than log segment version (\d+)")
_OF_THE_LOG = ("No table metadata or protocol found", "Invalid JSON")
_DATA_FILE = re.compile(r"[^\s'\"\[\]()]*\.parquet\b")
_LOG_FILE = re.compile(r"Checksum[^\n]*?file:(\S*?)/_delta_log/\d{20}\.json")
_AGAIN = "`echostream checkpoint reset bronze_to_silver`"
_ANEW = {
    "bronze.posts": f"`echostream checkpoint reset topic_to_bronze` and {_AGAIN}: Kafka is read from its start",
    "silver.posts": "`echostream rebuild silver` and `echostream rebuild gold`",
    "silver.tombstones": f"{_AGAIN}: Bronze is read again; ask for erasures again",
    "quarantine.posts": f"{_AGAIN}: Bronze is read again",
    "gold.sentiment_hourly": "`echostream rebuild gold`",
}


def known(error: Exception, name: str, uri: str) -> LogDamagedError | LostCommitsError | None:
    """What deltalake's error says of a table's log, in our words; None where it speaks of something else."""
    said = str(error)
    if early := _ENDS_EARLY.search(said):
        return LostCommitsError(
            f"{name} at {uri} has lost version {early[1]}: its log ends at {early[2]}",
            remedy="Put the lost files of _delta_log back; `echostream checkpoint show` says what else restores it",
            ends_at=int(early[2]),
        )
    gap = _GAP.search(said)
    if gap or any(piece in said for piece in _OF_THE_LOG):
        return of_log(name, uri, int(gap[1]) + 1 if gap else None)
    return None


def of_log(name: str, uri: str, version: int | None) -> LogDamagedError:
    """The error for a log of which a commit is missing, or of which nothing can be made."""
    what = "its log cannot be read" if version is None else f"commit {version} is missing in its log"
    return LogDamagedError(
        f"{name} at {uri}: {what}",
        remedy=f"Its data files are left as they are. Put the files of _delta_log back from a copy, or {_anew(name)}",
    )


def of_file(said: str, lake_uri: str, *, doing: str, name: str | None = None) -> DataFileDamagedError | LogDamagedError:
    """The error for a file that cannot be read, by a message that names it, as libraries do in several ways."""
    if log := _LOG_FILE.search(said):
        folder = unquote(log[1])
        return of_log(_table_of(f"{folder}/_", lake_uri) or folder, folder, None)
    found = _DATA_FILE.search(said)
    file = unquote(found[0]) if found else "a data file"
    of = _table_of(file, lake_uri) or name
    return DataFileDamagedError(
        f"{doing}: {file} of {of or 'a table'} cannot be read, it is damaged or gone",
        remedy="All other files are as they were, and nothing was written. Put the file back from a copy"
        + (f", or {_anew(of)}" if of else ""),
    )


def _table_of(file: str, lake_uri: str) -> str | None:
    """The table below whose folder the file lies: the layer and what follows it, two for those of ops."""
    lake = lake_uri.rpartition("://")[2].strip("/")
    _, is_in, below = file.partition(f"{lake}/")
    parts = below.split("/")
    depth = 3 if parts[0] == "ops" else 2
    return ".".join(parts[:depth]) if is_in and len(parts) > depth else None


def _anew(name: str) -> str:
    """The commands that make a table anew from the layer before it."""
    job = name.removeprefix("ops.batches.").removeprefix("ops.erasures.")
    return "move the table's folder away, then " + _ANEW.get(name, f"`echostream checkpoint reset {job}`")
