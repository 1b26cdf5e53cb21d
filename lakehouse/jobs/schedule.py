"""Decide which of the tasks that a job's tables need between batches are due."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Protocol


class Timer(Protocol):
    """The time for which something has waited; `LastRun` is one that outlives the process."""

    def age_s(self) -> float | None:
        """Return the seconds since the start; None if it was never started."""

    def start(self) -> None:
        """Start, or start again, now."""


class FirstRun(Enum):
    """When a task is due whose timer was never started."""

    AT_ONCE = auto()
    AFTER_INTERVAL = auto()  # one interval after the first check; a shorter process never runs it
    WHEN_STARTED = auto()  # another task starts its timer


@dataclass(frozen=True, slots=True)
class Task:
    """A task between batches.

    Attributes:
        name: its name, unique within a schedule.
        every_s: its interval in seconds.
        run: does the task, under the job's lock if it writes; False makes it due at the next check.
        may_wait: whether a forced check leaves the task to its interval.
        first_run: when the task is due for the first time.
        begins_at_end: whether the interval counts from the end of a run, so that a run that was
            cut short is due again. Else it counts from the start, so that long runs follow each
            other at once.
        timer: a timer that outlives the process; None for one of this process.
    """

    name: str
    every_s: float
    run: Callable[[], object]
    may_wait: bool = True
    first_run: FirstRun = FirstRun.AT_ONCE
    begins_at_end: bool = False
    timer: Timer | None = None


class Schedule:
    """A list of tasks, which run in this order when they are due.

    >>> ran = []
    >>> schedule = Schedule([Task("compaction", 3600.0, lambda: ran.append("compaction"))])
    >>> schedule.run_due()
    >>> schedule.run_due()
    >>> ran
    ['compaction']
    """

    def __init__(
        self, tasks: Sequence[Task] = (), *, now_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._tasks = tasks
        self._timers = {task.name: task.timer or _Timer(task, now_s) for task in tasks}

    def run_due(self, *, force: bool = False) -> None:
        """Run the tasks that are due; an error of one ends the check.

        Args:
            force: whether to run the tasks that may not wait before their time too.
        """
        for task in self._tasks:
            timer = self._timers[task.name]
            if _is_due(task, timer) or (force and not task.may_wait):
                _run(task, timer)


class _Timer:
    """A timer of this process; it starts at once for a task that first waits an interval."""

    def __init__(self, task: Task, now_s: Callable[[], float]) -> None:
        self._now_s = now_s
        self._started_s = now_s() if task.first_run is FirstRun.AFTER_INTERVAL else None

    def age_s(self) -> float | None:
        return None if self._started_s is None else self._now_s() - self._started_s

    def start(self) -> None:
        self._started_s = self._now_s()


def _is_due(task: Task, timer: Timer) -> bool:
    age_s = timer.age_s()
    if age_s is not None:
        return age_s >= task.every_s
    match task.first_run:
        case FirstRun.AT_ONCE:
            return True
        case FirstRun.AFTER_INTERVAL:
            timer.start()
            return task.every_s <= 0
        case FirstRun.WHEN_STARTED:
            return False


def _run(task: Task, timer: Timer) -> None:
    if not task.begins_at_end:
        timer.start()
    is_done = task.run() is not False
    if task.begins_at_end and is_done:
        timer.start()
