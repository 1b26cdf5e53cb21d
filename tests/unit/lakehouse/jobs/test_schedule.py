"""Checks between batches run the right tasks, by a clock that only the test moves."""

from contextlib import nullcontext
from types import SimpleNamespace

import pytest

from foundation.sections import ErasureSettings
from foundation.settings import Settings
from lakehouse.erasure import run as erasing
from lakehouse.jobs.schedule import FirstRun, Schedule, Task
from schemas.tables import BRONZE_POSTS


class Now:
    """A clock that the test moves."""

    def __init__(self):
        self.s = 1000.0

    def __call__(self):
        return self.s

    def on(self, seconds):
        self.s += seconds


class Timer:
    """A timer that outlives the schedule."""

    def __init__(self, now, started_s=None):
        self.seconds = now
        self.started_s = started_s

    def age_s(self):
        return None if self.started_s is None else self.seconds() - self.started_s

    def start(self):
        self.started_s = self.seconds()


@pytest.fixture
def now():
    return Now()


def checks(now, task, *seconds, force=False):
    """Return how often the task has run after each check, with these seconds between checks."""
    ran = []
    counted = Task(
        **{name: getattr(task, name) for name in task.__slots__}
        | {"run": lambda: (ran.append(1), task.run())[1]}
    )
    schedule = Schedule([counted], now_s=now)
    counts = []
    for pause in seconds:
        now.on(pause)
        schedule.run_due(force=force)
        counts.append(len(ran))
    return counts


def nothing():
    return None


@pytest.mark.parametrize(
    ("task", "force", "pauses", "runs"),
    [
        pytest.param(Task("t", 60.0, nothing), False, (0, 59, 1, 59, 1), [1, 1, 2, 2, 3], id="due"),
        pytest.param(Task("t", 0.0, nothing), False, (0, 0, 0), [1, 2, 3], id="at each check"),
        pytest.param(Task("t", 60.0, nothing), True, (0, 1, 1), [1, 1, 1], id="forced may wait"),
        pytest.param(
            Task("t", 60.0, nothing, may_wait=False), True, (0, 1, 1), [1, 2, 3], id="forced"
        ),
        pytest.param(
            Task("t", 60.0, nothing, first_run=FirstRun.AFTER_INTERVAL),
            True,
            (59, 1, 59, 1),
            [0, 1, 1, 2],
            id="an interval after the start",
        ),
        pytest.param(
            Task("t", 60.0, nothing, first_run=FirstRun.WHEN_STARTED),
            False,
            (0, 600),
            [0, 0],
            id="nobody has started it",
        ),
        pytest.param(
            Task("t", 60.0, lambda: False, begins_at_end=True),
            False,
            (0, 1, 1),
            [1, 2, 3],
            id="not done, so asked again",
        ),
    ],
)
def test_a_check_runs_what_is_due(now, task, force, pauses, runs):
    assert checks(now, task, *pauses, force=force) == runs


def test_a_timer_that_outlives_the_process_is_read_and_left_by_it(now):
    timer = Timer(now, started_s=now() - 100)
    task = Task("t", 60.0, nothing, timer=timer)
    assert checks(now, task, 0) == [1]
    assert checks(now, task, 59) == [0]
    assert checks(now, task, 1) == [1]


def test_one_that_was_never_started_counts_from_the_first_check_not_from_the_schedule(now):
    timer = Timer(now)
    task = Task("t", 60.0, nothing, first_run=FirstRun.AFTER_INTERVAL, timer=timer)
    assert checks(now, task, 600, 59, 1) == [0, 0, 1]


def test_an_interval_counts_from_the_start_of_a_run_or_from_its_end(now):
    def long():
        now.on(50)

    assert checks(now, Task("t", 60.0, long), 0, 9, 1) == [1, 1, 2]
    assert checks(now, Task("t", 60.0, long, begins_at_end=True), 0, 59, 1) == [1, 1, 2]


def test_tasks_run_in_their_order_and_an_earlier_one_may_start_a_later_one_s_timer(now):
    ran = []
    timer = Timer(now)

    def first():
        ran.append("first")
        timer.start()

    tasks = [
        Task("first", 60.0, first),
        Task(
            "second",
            0.0,
            lambda: ran.append("second"),
            first_run=FirstRun.WHEN_STARTED,
            timer=timer,
        ),
        Task("third", 60.0, lambda: ran.append("third")),
    ]
    Schedule(tasks, now_s=now).run_due()
    assert ran == ["first", "second", "third"]


@pytest.mark.parametrize(("begins_at_end", "again"), [(False, ["after"]), (True, ["failing"])])
def test_an_error_ends_the_check_and_what_came_after_is_due_at_the_next_one(
    now, begins_at_end, again
):
    ran = []

    def failing():
        ran.append("failing")
        raise ZeroDivisionError

    schedule = Schedule(
        [
            Task("failing", 60.0, failing, begins_at_end=begins_at_end),
            Task("after", 60.0, lambda: ran.append("after")),
        ],
        now_s=now,
    )
    with pytest.raises(ZeroDivisionError):
        schedule.run_due()
    assert ran == ["failing"]
    ran.clear()
    with pytest.raises(ZeroDivisionError) if begins_at_end else nullcontext():
        schedule.run_due()
    assert ran == again


@pytest.fixture
def erasures(tmp_path, now, monkeypatch):
    """Return a job's erasure task without Spark: the work that it did, and the erasures."""
    lake = SimpleNamespace(did=[], erasures=[])
    monkeypatch.setattr(erasing.ledger, "demand_receipt_key", lambda _: None)
    monkeypatch.setattr(erasing, "register", lambda *_: lake.did.append("register"))
    monkeypatch.setattr(erasing.ledger, "registered", lambda _: list(lake.erasures))
    monkeypatch.setattr(
        erasing,
        "EraseRows",
        lambda *_: SimpleNamespace(run=lambda _: lake.did.append("erase_rows")),
    )
    monkeypatch.setattr(erasing, "remove_files", lambda *_: lake.did.append("remove_files"))
    of = ErasureSettings(interval_s=10.0, batch_interval_s=100.0, vacuum_interval_s=1000.0)
    job = SimpleNamespace(
        settings=Settings(home=tmp_path, erasure=of), name="j", writing=nullcontext()
    )
    task = erasing.erasure_task(None, job, (BRONZE_POSTS,), registers=True, now_s=now)
    lake.schedule = Schedule([task], now_s=now)
    return lake


def test_erasures_are_checked_often_and_tables_are_worked_on_when_one_is_new_or_it_is_time(
    erasures, now
):
    def check(seconds, *, force=False):
        now.on(seconds)
        erasures.did.clear()
        erasures.schedule.run_due(force=force)
        return list(erasures.did)

    assert check(0) == ["register"], "there is no erasure"
    assert check(9) == []
    assert check(0, force=True) == ["register"]
    erasures.erasures.append("a")
    assert check(10) == ["register", "erase_rows", "remove_files"], (
        "the first one waits for nothing"
    )
    assert check(10) == ["register"]
    erasures.erasures.append("b")
    assert check(10) == ["register", "erase_rows"]
    assert check(99) == ["register"]
    assert check(10) == ["register", "erase_rows"], "also what a replay has brought back"
    assert check(0, force=True) == ["register"], "a forced check does not hurry the tables"
    assert check(1000) == ["register", "erase_rows", "remove_files"]
