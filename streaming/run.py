"""Run the streaming jobs in one application: together until stopped, or one after the other."""

import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event, current_thread, main_thread

from pyspark.errors import StreamingQueryException
from pyspark.sql import SparkSession

from foundation.job_names import JobName
from foundation.logs import get_log, setup_logs
from foundation.settings import Settings
from lakehouse.delta.lake import Lake
from lakehouse.jobs.job import OnProgress, RunningJob
from lakehouse.spark import session
from lakehouse.spark.progress import ProgressListener
from lakehouse.spark.session import build_session, ending, jvm_pid
from lakehouse.storage.lease import hold_lake
from streaming.failures import named_error, named_outside_queries

_REGISTERS: JobName = "bronze_to_silver"  # the job that registers erasures
_POLL_S = 1  # of each query; Spark takes whole seconds

_log = get_log("run")


@dataclass(frozen=True, slots=True)
class StreamingJob:
    """A job's name, its check before Spark starts, and the function that starts its query."""

    name: JobName
    preflight: Callable[[Settings], None]
    start: Callable[..., RunningJob]


def run(
    settings: Settings,
    *,
    jobs: Sequence[StreamingJob],
    available_now: bool,
    on_progress: OnProgress = None,
    on_start: Callable[[str | None], None] | None = None,
) -> None:
    """Run jobs on the lake; if one fails, all stop.

    Args:
        settings: those of this process.
        jobs: the jobs to run, in the order of the hops.
        available_now: whether to run one job after the other, and to end once each has processed
            all present records.
        on_progress: called after each batch that had records.
        on_start: called with the address of Spark's UI; with None if it is off.

    Raises:
        LakeInUseError: another process holds the lake.
        EchoStreamError: a job failed.

    >>> run(load_settings(), jobs=STREAMING_JOBS, available_now=True)
    """
    setup_logs(settings.home / "logs" / "run.jsonl", settings.log_level)
    with hold_lake(settings) as lease, _stop_on_signal() as stop:
        session.preflight(settings)
        for job in jobs:  # a refusal takes a second here, and ten after Spark's start
            with named_outside_queries(job.name, settings):
                job.preflight(settings)
        spark = build_session(settings, "echostream")
        lake = Lake(spark, settings)
        try:
            with ending(spark, settings), _listening(spark, settings):
                lease.name_jvm(jvm_pid(spark))
                _claim_signals(stop)
                _log.info(
                    "start",
                    jobs=[job.name for job in jobs],
                    available_now=available_now,
                    ui=spark.sparkContext.uiWebUrl,
                )
                if on_start:
                    on_start(spark.sparkContext.uiWebUrl)
                with named_outside_queries("run", settings):
                    if available_now:
                        _in_sequence(lake, jobs, stop, on_progress)
                    else:
                        _together(lake, jobs, stop, on_progress)
        finally:
            _log.info("stop")


@contextmanager
def _listening(spark: SparkSession, settings: Settings) -> Iterator[None]:
    listener = ProgressListener(settings)
    spark.streams.addListener(listener)
    try:
        yield
    finally:
        spark.streams.removeListener(listener)


def _in_sequence(
    lake: Lake,
    jobs: Sequence[StreamingJob],
    stop: Event,
    on_progress: OnProgress,
) -> None:
    ended: list[RunningJob] = []
    for job in jobs:
        running = job.start(lake, available_now=True, on_progress=on_progress)
        watch([running], stop, lake.settings)
        if stop.is_set():
            return
        _maintain(running, force=True)
        # The hop before this one carries out the erasures that this one has registered.
        if job.name == _REGISTERS:
            for earlier in ended:
                _maintain(earlier, force=True)
        ended.append(running)


def _together(
    lake: Lake,
    jobs: Sequence[StreamingJob],
    stop: Event,
    on_progress: OnProgress,
) -> None:
    started: list[RunningJob] = []
    try:
        for job in jobs:
            started.append(job.start(lake, available_now=False, on_progress=on_progress))
        watch(started, stop, lake.settings)
    finally:
        for running in started:
            end_between_batches(running)


def watch(jobs: Sequence[RunningJob], stop: Event, settings: Settings) -> None:
    """Wait until a query ends or fails, or a signal comes; run due tasks meanwhile."""
    while not stop.is_set():
        for running in jobs:
            try:
                if running.query.awaitTermination(_POLL_S):
                    return
            except StreamingQueryException as error:
                raise named_error(error, running.job, settings) from error
            _maintain(running, force=False)
    for running in jobs:
        end_between_batches(running)
    for running in jobs:
        running.job.mark()


def _maintain(running: RunningJob, *, force: bool) -> None:
    """Run the due tasks between batches.

    An error of a batch stops these too, often before the query reports it.
    """
    with named_outside_queries(running.job.name, running.job.settings):
        running.maintain(force)


def end_between_batches(running: RunningJob) -> None:
    """Let the running batch finish, and begin no other."""
    running.job.stopping.set()
    with running.job.writing:
        pass
    running.query.stop()


@contextmanager
def _stop_on_signal() -> Iterator[Event]:
    """Yield an event that SIGINT and SIGTERM set."""
    stop = Event()
    if current_thread() is not main_thread():
        yield stop
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    _claim_signals(stop)
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _claim_signals(stop: Event) -> None:
    """Set the handlers of SIGINT and SIGTERM, after Spark's context has replaced that of SIGINT."""
    if current_thread() is main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
