"""Run the `echostream` command in this process, on the tests' Spark session.

This saves a JVM per command, which costs 42 seconds of CPU. test_kafka_to_gold, test_s3,
test_spark_submit and all of tests/faults run commands in a process of their own.
"""

import os
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from typing import NamedTuple

import pytest
from pyspark.sql import SparkSession

import batch.job
import batch.submit
import streaming.run
from cli.main import main
from foundation.settings import Settings
from tests.support.commands import Done, environment

# Delta sets these in the session that commits.
_OF_DELTA = {
    "spark.databricks.delta.lastCommitVersionInSession",
    "spark.sql.parquet.fieldId.read.enabled",
    "spark.sql.parquet.fieldId.write.enabled",
}
_STARTING = (batch.job, streaming.run)  # the modules that build a session


class SessionState(NamedTuple):
    """The state that one command could leave behind for the next."""

    conf: frozenset[tuple[str, str]]
    streams: frozenset[str]
    threads: frozenset[str]
    has_cached_tables: bool


@dataclass(frozen=True)
class SessionCommands:
    """Run commands as `tests.support.commands.echostream` does, without a process."""

    spark: SparkSession

    def __call__(self, settings: Settings, *words: str, **more: str) -> Done:
        """Run a command to its end. Fail if it changes the state of the session."""
        return self._run(main, settings, "echostream", *words, **more)

    def submit(self, settings: Settings, *words: str, **more: str) -> Done:
        """Run `batch/submit.py` in the same way."""
        return self._run(batch.submit.main, settings, "submit.py", *words, **more)

    def _run(
        self, program: Callable[[], None], settings: Settings, *argv: str, **more: str
    ) -> Done:
        before = self._state()
        with pytest.MonkeyPatch.context() as patch:
            _become(patch, environment(settings, **more))
            patch.chdir(settings.home)
            patch.setattr(sys, "argv", [*argv])
            patch.setattr(SparkSession, "stop", lambda _: None)
            for module in _STARTING:
                patch.setattr(module, "build_session", lambda *_: self.spark)
                # The lease names the JVM, and the next command would wait for its end.
                patch.setattr(module, "jvm_pid", lambda _: os.getpid())
            done = _run(program)
        after = self._state()
        assert after.conf ^ before.conf == set(), "the command left settings behind in the session"
        assert after[1:] == before[1:], "the command left something behind in the session"
        return done

    def _state(self) -> SessionState:
        cache = self.spark._jsparkSession.sharedState().cacheManager()
        return SessionState(
            conf=frozenset(
                item for item in self.spark.conf.getAll.items() if item[0] not in _OF_DELTA
            ),
            streams=frozenset(query.id for query in self.spark.streams.active),
            threads=frozenset(
                thread.name for thread in threading.enumerate() if not _is_of_py4j(thread)
            ),
            has_cached_tables=not cache.isEmpty(),
        )


def _become(patch: pytest.MonkeyPatch, environment: Mapping[str, str]) -> None:
    for name in os.environ.keys() - environment.keys():
        patch.delenv(name)
    for name, value in environment.items():
        patch.setenv(name, value)


def _run(program: Callable[[], None]) -> Done:
    out = StringIO()
    error = StringIO()
    code = 0
    with redirect_stdout(out), redirect_stderr(error):
        try:
            program()
        except SystemExit as ended:
            code = int(ended.code or 0)
    return Done(code, out.getvalue(), error.getvalue())


def _is_of_py4j(thread: threading.Thread) -> bool:
    """Tell whether py4j started a thread, as it does for each connection of the JVM."""
    return (
        "py4j" in type(thread).__module__
        or "py4j" in thread.name.lower()
        or thread.name.startswith("Thread-")
    )
