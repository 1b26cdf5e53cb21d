"""Share free ports, a broker and a Spark session per process, and mark tests by their folder."""

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest

from foundation.settings import Settings
from tests.support import jvm_starts
from tests.support.clock import shift_the_products

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from tests.support.in_session import SessionCommands

ROOT = Path(__file__).parent
# It takes a third less CPU time in runs of minutes. The code cache would be a fifth of the usual
# size, and Spark fills it.
QUICK_JVM = "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=240m -XX:+UseSerialGC"
# Tests run each query over a few hundred rows, for which generated code costs more than it saves.
INTERPRETED = {
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
}
LONGEST_FIRST = ("e2e", "faults", "jobs", "spark", "browser", "unit")

# A developer's own settings must not decide whether a test passes.
for _name in [name for name in os.environ if name.startswith("ECHOSTREAM_")]:
    del os.environ[_name]

# On a busy machine any example may take seconds, and no test measures that.
hypothesis.settings.register_profile(
    "busy cores", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("busy cores")

shift_the_products()  # patch the clock before a module uses one of its functions as default


def pytest_configure(config):
    # A shell that starts this in the background ignores Ctrl-C, and children would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if not hasattr(config, "workerinput"):  # pytest's workers inherit the variable
        jvm_starts.note_starts()
    for folder in LONGEST_FIRST:
        config.addinivalue_line("markers", f"{folder}: everything under tests/{folder}")
    config.addinivalue_line("markers", "extended: part of make test-all, and not of make test")
    config.addinivalue_line("markers", "nightly: part of make test-nightly alone")
    # py4j leaves the sockets of each foreachBatch to the garbage collector, which may find them in
    # a later test.
    config.addinivalue_line(
        "filterwarnings", "ignore:.*socket:pytest.PytestUnraisableExceptionWarning"
    )
    config.addinivalue_line("filterwarnings", "ignore:unclosed <socket:ResourceWarning")


def pytest_terminal_summary(terminalreporter):
    """CI must not count a test as passed that had no data."""
    skipped = terminalreporter.stats.get("skipped", [])
    without_data = sum("../shared" in str(report.longrepr) for report in skipped)
    terminalreporter.write_line(
        f"skipped for lack of ../shared: {without_data} of {len(skipped)} skipped"
    )
    for line in jvm_starts.summary():
        terminalreporter.write_line(line)


def pytest_unconfigure(config):
    if not hasattr(config, "workerinput"):
        jvm_starts.forget_starts()


def pytest_collection_modifyitems(items):
    for item in items:
        folder = item.path.relative_to(ROOT).parts[0]
        if folder in LONGEST_FIRST:
            item.add_marker(folder)
        if folder == "browser":
            item.add_marker("extended")
    # Files that take minutes come first, so that no process waits for another's at the end.
    items.sort(key=lambda item: LONGEST_FIRST.index(item.path.relative_to(ROOT).parts[0]))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Share tests between processes by file, because fixtures belong to modules.

    Each process has its own Spark session.
    """
    from xdist.scheduler import LoadScopeScheduling

    class ByFile(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return nodeid.partition("::")[0]

    return ByFile(config, log)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """A command's error names a log that is deleted when CI is read, so print the log."""
    report = yield
    settings = getattr(item, "funcargs", {}).get("home")
    if report.failed and isinstance(settings, Settings):
        log = settings.home / "logs" / "spark.log"
        lines = log.read_text(errors="replace").splitlines() if log.exists() else []
        causes = [
            line[:300]
            for line in lines
            if " ERROR " in line or "Caused by" in line or "Exception: " in line
        ]
        report.sections.append(("errors in spark.log", "\n".join(causes[-25:])))
    return report


@pytest.fixture(autouse=True)
def _starts_no_spark(request) -> Iterator[None]:
    """Fail a test that starts its own Spark JVM, unless its file is listed for that."""
    yield
    if jvm_starts.started_spark_for_nothing(request.node.nodeid):
        pytest.fail(
            "it has started a Spark JVM of its own: use the fixture `in_session`,"
            " or list its file in tests/support/jvm_starts.py with a reason"
        )


@pytest.fixture
def free_port() -> int:
    """Return a loopback port that nobody uses at this moment."""
    from local.host.ports import free_ports

    return free_ports(1)[0]


@pytest.fixture(scope="session")
def broker(tmp_path_factory) -> Iterator[Settings]:
    """Yield a real broker with all topics for the whole session; `new_home` recreates them."""
    from tests.support.kafka import new_stack

    with new_stack(tmp_path_factory.mktemp("broker")) as settings:
        yield settings


@pytest.fixture(scope="session")
def spark(tmp_path_factory) -> "Iterator[SparkSession]":
    """Yield the one session of tests/spark and tests/jobs, built as the jobs build theirs.

    Each test has its own lake.
    """
    from lakehouse.spark.session import build_session

    home = tmp_path_factory.mktemp("spark")
    options = {
        "shuffle_partitions": 2,
        "ui": False,
        "java_options": QUICK_JVM,
        "jars_dir": os.environ.get("TEST_JARS_DIR"),
        # Otherwise hundreds of megabytes of events would pile up, which nobody reads.
        "extra": INTERPRETED | {"spark.eventLog.enabled": "false"},
    }
    settings = Settings(home=home, spark=options)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in jvm_starts.shared_session().items():
            patch.setenv(name, value)
        session = build_session(settings, "tests")
    try:
        yield session
    finally:
        session.stop()
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def in_session(spark) -> "SessionCommands":
    """Return the `echostream` command on the tests' Spark session."""
    from tests.support.in_session import SessionCommands

    return SessionCommands(spark)
