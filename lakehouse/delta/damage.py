"""Return our errors for a broken table: they name the table, the file and the command to run."""

import re
from urllib.parse import quote, unquote

from foundation.errors import DataFileDamagedError, LogDamagedError, LostCommitsError

_GAP = re.compile(r"found gap: .*?/(\d{20})\.json", re.DOTALL)  # the last commit before the gap
_ENDS_EARLY = re.compile(r"CRC file version (\d+) is newer than log segment version (\d+)")
_OF_THE_LOG = ("No table metadata or protocol found", "Invalid JSON", "Json error")
_OF_A_CHECKPOINT = ("Invalid Checkpoint", "Parquet error", "Parquet argument error")
_DATA_FILE = re.compile(r"[^\s'\"\[\]()]*\.parquet\b")
_LOG_FILE = re.compile(r"([^\s'\"\[\]()]+)/(_delta_log/(\d{20})\.(?:[\w.-]*\.)?(?:json|parquet))\b")
_IS_MISSING = ("DELTA_TRUNCATED_TRANSACTION_LOG",)
_RESET_SILVER = "`echostream checkpoint reset bronze_to_silver`"
_RESTORED_BY = {
    "bronze.posts": f"`echostream checkpoint reset topic_to_bronze` and {_RESET_SILVER}: the"
    " streams then restore the records that Kafka still holds",
    "silver.posts": "`echostream rebuild silver` and `echostream rebuild gold`: they restore the"
    " posts that Bronze still holds",
    "silver.tombstones": f"{_RESET_SILVER}: the stream then restores the deletes that Bronze still"
    " holds; ask for erasures again",
    "quarantine.posts": f"{_RESET_SILVER}: the stream then restores the records that Bronze still"
    " holds",
}
# Each table of Gold has this remedy. The list of Gold's tables is in schemas/tables.py, which loads
# Spark; `echostream sql` must not load it.
_GOLD_RESTORED_BY = "`echostream rebuild gold`: it counts the posts of Silver again"


def known(error: Exception, name: str, uri: str) -> LogDamagedError | LostCommitsError | None:
    """Return our error for deltalake's about a table's log; None if it has another cause."""
    message = str(error)
    if early := _ENDS_EARLY.search(message):
        return LostCommitsError(
            f"{name} at {uri} has lost version {early[1]}: its log ends at {early[2]}",
            remedy="Put the lost files of _delta_log back; `echostream checkpoint show` names the"
            " command that restores the table without them",
            ends_at=int(early[2]),
        )
    gap = _GAP.search(message)
    if gap or any(piece in message for piece in _OF_THE_LOG):
        return of_log(name, uri, int(gap[1]) + 1 if gap else None)
    return None


def is_of_a_checkpoint(error: Exception) -> bool:
    """Return whether deltalake's error is about one of Delta's own checkpoints in the log."""
    return any(piece in str(error) for piece in _OF_A_CHECKPOINT)


def of_log(name: str, uri: str, version: int | None, *, file: str = "its log") -> LogDamagedError:
    """Return the error for a log that lacks commit `version`, or that cannot be read."""
    damage = (
        f"{file} cannot be read" if version is None else f"commit {version} is missing in its log"
    )
    back = "Put the files of _delta_log back from a copy"
    if ".checkpoint." in file:  # Delta keeps the commits of a checkpoint for a month
        back = (
            "Move this file and _last_checkpoint out of _delta_log: Delta then reads the commits."
            f" If these are gone too: {back}"
        )
    return LogDamagedError(
        f"{name} at {uri}: {damage}",
        remedy=f"Its data files are left as they are. {back}, or {_restored_by(name)}",
    )


def of_file(
    message: str, lake_uri: str, *, doing: str, safe: str, name: str | None = None
) -> DataFileDamagedError | LogDamagedError:
    """Return the error for a file that cannot be read, by a library's message that names the file.

    Args:
        message: the library's message.
        lake_uri: the lake.
        doing: the job or command that read the file.
        safe: a sentence, without a full stop, that says which of its work is safe.
        name: the table, in case the message does not name it.
    """
    message = _encoded(message, lake_uri)
    log = _LOG_FILE.search(message)
    data = _DATA_FILE.search(message)
    if log and (data is None or log.start() <= data.start()):
        folder = _in_lake(unquote(log[1]) + "/", lake_uri).rstrip("/")
        version = int(log[3]) if any(piece in message for piece in _IS_MISSING) else None
        return of_log(_table_of(f"{folder}/_", lake_uri) or folder, folder, version, file=log[2])
    file, table = file_and_table(message, lake_uri)
    table = table or name
    return DataFileDamagedError(
        f"{doing}: {file or 'a data file'} of {table or 'a table'} cannot be read, it is damaged or"
        " gone",
        remedy=f"{safe}. Put the file back from a copy"
        + (f", or {_restored_by(table)}" if table else ""),
    )


def file_and_table(message: str, lake_uri: str) -> tuple[str | None, str | None]:
    """Return the first data file that a message names, and the table whose folder holds it."""
    match = _DATA_FILE.search(_encoded(message, lake_uri))
    file = unquote(match[0]) if match else None
    return (_in_lake(file, lake_uri), _table_of(file, lake_uri)) if file else (None, None)


def _encoded(message: str, lake_uri: str) -> str:
    """Return the message with the lake's address percent-encoded, so that it is one word.

    Libraries encode all of it, some of it or none, and it may have spaces and brackets.
    """
    lake = _bare(lake_uri)
    letters = (f"(?:{re.escape(quote(letter, safe=''))}|{re.escape(letter)})" for letter in lake)
    return re.sub("".join(letters), quote(lake), message)


def _in_lake(file: str, lake_uri: str) -> str:
    """Return a file's path with the lake's URI as its start; libraries write its slashes freely."""
    _, is_in, below = file.partition(f"{_bare(lake_uri)}/")
    return f"{lake_uri}/{below}" if is_in else file


def _table_of(file: str, lake_uri: str) -> str | None:
    """Return the table whose folder holds the file: folders of ops have three parts, others two."""
    _, is_in, below = file.partition(f"{_bare(lake_uri)}/")
    parts = below.split("/")
    depth = 3 if parts[0] == "ops" else 2
    return ".".join(parts[:depth]) if is_in and len(parts) > depth else None


def _bare(lake_uri: str) -> str:
    return lake_uri.rpartition("://")[2].strip("/")


def _restored_by(name: str) -> str:
    """Return the commands that restore a table from the layer before it."""
    job = name.removeprefix("ops.batches.").removeprefix("ops.erasures.")
    if name.startswith("gold."):
        return f"move the table's folder away, then {_GOLD_RESTORED_BY}"
    return "move the table's folder away, then " + _RESTORED_BY.get(
        name, f"`echostream checkpoint reset {job}`"
    )
