"""Write Spark's event logs for `echostream history`, and keep them within a bound.

The logs quote plans, settings and errors, so these must not contain personal data or secrets. A
test searches the logs for them.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

from foundation.settings import Settings

_ROLL_MB = 10  # the smallest size that Spark allows
_HEADER_ENDS = b'{"Event":"SparkListenerJobStart"'


def folder(settings: Settings) -> Path:
    """Return the folder of the event logs."""
    return settings.home / "eventlogs"


def conf(settings: Settings) -> dict[str, str]:
    """Return the conf of a session that writes event logs, as plain text that can be searched."""
    folder(settings).mkdir(parents=True, exist_ok=True)
    return {
        "spark.eventLog.enabled": "true",
        "spark.eventLog.dir": folder(settings).as_uri(),
        "spark.eventLog.compress": "false",
        "spark.eventLog.rolling.enabled": "true",
        "spark.eventLog.rolling.maxFileSize": f"{_ROLL_MB}m",
    }


def trim(settings: Settings) -> None:
    """Keep the logs within `spark.event_logs_mb`: delete applications, then files, oldest first."""
    applications = sorted(
        folder(settings).glob("eventlog_v2_*"), key=lambda path: path.stat().st_mtime
    )
    excess = sum(map(_size, applications)) - settings.spark.event_logs_mb * 2**20
    while excess > 0 and len(applications) > 1:
        oldest = applications.pop(0)
        excess -= _size(oldest)
        shutil.rmtree(oldest, ignore_errors=True)
    if excess > 0 and applications:
        _cut(applications[0], excess)


def _cut(application: Path, excess: int) -> None:
    """Delete an application's oldest files.

    Spark reads from the newest `.compact` file on, so that file gets the application's first
    events.
    """
    files = sorted(application.glob("events_*"), key=_number)
    dropped: list[Path] = []
    for file in files[:-1]:  # Spark still writes the last one
        if excess <= 0:
            break
        excess -= file.stat().st_size
        dropped.append(file)
    if not dropped:
        return
    header = b"".join(_header(files[0]))
    last = dropped[-1].name.removesuffix(".compact")
    draft = application / f".{last}"
    draft.write_bytes(header)
    draft.replace(application / f"{last}.compact")
    for file in dropped:
        if file.name != f"{last}.compact":
            file.unlink()


def _header(file: Path) -> Iterator[bytes]:
    """Yield an application's first events: its name, its settings and its executors."""
    with file.open("rb") as lines:
        for line in lines:
            if line.startswith(_HEADER_ENDS):
                return
            yield line


def _number(file: Path) -> tuple[int, bool]:
    """Return a file's number, and whether it is compact, so that it replaces all files before it.

    Files are named events_<number>_<application>.
    """
    return int(file.name.split("_")[1]), file.name.endswith(".compact")


def _size(application: Path) -> int:
    return sum(file.stat().st_size for file in application.iterdir())
