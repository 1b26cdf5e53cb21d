"""Keep timers that outlive a process, as times of files: hourly jobs count from them."""

from pathlib import Path

from foundation import clock
from foundation.settings import Settings
from schemas.stored_names import LAST_RUN_SUFFIX, RUN_FOLDER


class LastRun:
    """When something last ran, or since when it has waited, in this home."""

    def __init__(self, settings: Settings, name: str) -> None:
        self._file: Path = settings.home / RUN_FOLDER / f"{name}{LAST_RUN_SUFFIX}"

    def age_s(self) -> float | None:
        """Return the seconds since then; None if nothing ran or waits."""
        try:
            return max(0.0, clock.file_s() - self._file.stat().st_mtime)
        except FileNotFoundError:
            return None

    def start(self) -> None:
        """Start, or start again, now."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._file.touch()
