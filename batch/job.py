"""Run batch jobs: each is registered once, and runs in its own session that holds the lake."""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from pyspark.errors import PythonException

from foundation.errors import LakeInUseError
from foundation.logs import setup_logs
from foundation.settings import Settings
from lakehouse.delta.lake import Lake
from lakehouse.jobs.commit_marks import Lost, demand_whole, follow
from lakehouse.spark import session
from lakehouse.spark.session import build_session, ending, jvm_pid
from lakehouse.storage.lease import hold_lake
from streaming.failures import named_outside_queries
from transforms.payloads import known_again

Work = Callable[..., Iterator[str]]
Arguments = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class BatchJob:
    """A job, as the command line and spark-submit run it.

    Attributes:
        name: the name that users type.
        work: takes the lake and the options, and yields a line after each step.
        preflight: refuses keys and settings with which the work would fail; needs no Spark.
        repairs: returns whether the job repairs a loss of commits; the lake may have no other loss.
        arguments: the options under spark-submit, as `argparse` takes them.
    """

    name: str
    work: Work
    preflight: Callable[[Settings], None]
    repairs: Callable[[Lost], bool]
    arguments: Arguments

    def run(self, settings: Settings, *, wait_s: float = 0.0, **options: Any) -> Iterator[str]:
        """Run the job, and yield a line after each of its steps.

        Args:
            settings: those of this process.
            wait_s: seconds to wait while another process holds the lake.
            options: those of the job.

        Raises:
            LakeInUseError: the streams, or another job, hold the lake.
        """
        with self._session(settings, wait_s) as lake:
            yield from self.work(lake, **options)

    @contextmanager
    def _session(self, settings: Settings, wait_s: float) -> Iterator[Lake]:
        setup_logs(settings.home / "logs" / "run.jsonl", settings.log_level)
        with hold_lake(settings, wait_s=wait_s, on_wait=_say_waiting) as lease:
            session.preflight(settings)
            demand_whole(settings, but=self.repairs)
            self.preflight(settings)
            spark = build_session(settings, f"echostream {self.name}")
            with ending(spark, settings), named_outside_queries(self.name, settings):
                lease.name_jvm(jvm_pid(spark))
                try:
                    yield Lake(spark, settings)
                except PythonException as error:
                    # A worker's error about a key is one of ours, which Spark hides.
                    raise known_again(str(error)) or error from None
            follow(settings)


def batch_job(
    name: str,
    *,
    preflight: Callable[[Settings], None] = lambda _: None,
    repairs: Callable[[Lost], bool] = lambda _: False,
    arguments: Arguments = MappingProxyType({}),
) -> Callable[[Work], BatchJob]:
    """Return a decorator that makes a function a batch job; `batch/jobs.py` lists the jobs.

    >>> @batch_job("compact")
    ... def job(lake: Lake) -> Iterator[str]:
    ...     yield "silver.posts: 3 files → 1"
    """

    def register(work: Work) -> BatchJob:
        return BatchJob(name, work, preflight, repairs, arguments)

    return register


def _say_waiting(error: LakeInUseError) -> None:
    sys.stderr.write(f"waiting: {error.what}\n")
    sys.stderr.flush()
