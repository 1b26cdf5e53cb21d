"""Progress: a live line on a terminal, plain lines now and then elsewhere."""

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

_EVERY_S = 5.0


class Ticker:
    """Shows how far a piece of work is; a context manager."""

    def __init__(
        self,
        title: str,
        *,
        total: int | None = None,
        unit: str = "",
        console: Console | None = None,
    ) -> None:
        self._title = title
        self._total = total
        self._unit = unit
        self._console = console or Console(stderr=True)
        self._live: Progress | None = None
        self._began = self._said = time.monotonic()
        self._done = 0

    def __enter__(self) -> Self:
        """Begin to show."""
        if self._console.is_terminal:
            bar = BarColumn(bar_width=30)
            columns = (
                SpinnerColumn(),
                TextColumn("{task.description}"),
                bar,
                TextColumn("{task.fields[count]}"),
            )
            self._live = Progress(
                *columns, TimeElapsedColumn(), console=self._console, transient=True
            )
            self._live.add_task(self._title, total=self._total, count="")
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Leave one line that says how far it came and how long it took."""
        if self._live:
            self._live.stop()
        if kind is None:
            self._say(
                f"{self._title}: {self._count() or 'done'} in"
                f" {time.monotonic() - self._began:.1f} s"
            )

    def to(self, done: int, note: str = "") -> None:
        """Show that so much is done."""
        self._done = done
        text = " ".join(word for word in (self._count(), note) if word)
        if self._live:
            self._live.update(self._live.task_ids[0], completed=done, count=text)
        elif time.monotonic() - self._said >= _EVERY_S:
            self._say(f"{self._title}: {text}")
            self._said = time.monotonic()

    def _count(self) -> str:
        if not self._done and not self._total:
            return ""
        of = f" of {self._total:,}" if self._total and self._total != self._done else ""
        return f"{self._done:,}{of} {self._unit}".strip()

    def _say(self, line: str) -> None:
        self._console.print(line, highlight=False, markup=False, soft_wrap=True)
