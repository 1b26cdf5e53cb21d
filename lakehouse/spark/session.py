"""Start and end the Spark session."""

import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pyspark import SparkContext
from pyspark.errors import PySparkRuntimeError
from pyspark.sql import SparkSession

from foundation.errors import JarsError, JavaEndedError, JavaError
from foundation.folder_modes import protect
from foundation.settings import Settings
from lakehouse.spark import event_logs
from lakehouse.storage.s3 import spark_conf

_LAST_BREATH_S = 0.5  # from a connection that broke to the end of who held it

# Conf that every job relies on, wherever it runs.
_NEEDED = {
    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",
    # A header or a metric that stands twice in a record must not stop a query.
    "spark.sql.mapKeyDedupPolicy": "LAST_WIN",
    # A lost commit response is seen again by its transaction id, not written twice.
    "spark.databricks.delta.commit.idempotencyCheck.enabled": "true",
    # Spark keeps 100 compiled plans, and the jobs together have more, so that batches compiled the
    # same ones anew. One pair of runs, on loaded cores, took a quarter less of the driver's CPU
    # time with more of them kept.
    "spark.sql.codegen.cache.maxEntries": "5000",
    # Neither UI nor event log shows the value of a setting with such a name. Spark's own list lacks
    # underscores.
    "spark.redaction.regex": "(?i)secret|passw|token|access[._-]?key|credential|jaas",
}
# Conf that a laptop needs besides; a cluster brings its own by --properties-file.
_LOCAL = {
    # the default of 50 makes each small commit slow
    "spark.databricks.delta.snapshotPartitions": "1",
    "spark.ui.showConsoleProgress": "false",
    "spark.ui.retainedJobs": "200",
    "spark.ui.retainedStages": "200",
    "spark.sql.ui.retainedExecutions": "100",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.sql.streaming.minBatchesToRetain": "20",
    "spark.sql.execution.arrow.maxRecordsPerBatch": "2000",
}
LOG4J = Path(__file__).with_name("log4j2.properties")
# An archive that does not fit is left aside with a warning, which Java would print to the terminal.
_JAVA_LOGS = ("-Xlog:disable", "-Xlog:all=warning:stderr")
# Of a JVM in another zone Delta 4.0 does not trust the file lists that it keeps beside its log:
# after each commit to a table of up to 50 files it reads that log once more.
_IN_UTC = ("-Duser.timezone=UTC",)
_GET_JAVA = "Install Java 17 and put it on PATH, or set JAVA_HOME"
_ON_A_CLUSTER = "PYSPARK_GATEWAY_PORT"  # set by spark-submit


def preflight(settings: Settings) -> None:
    """Refuse to go on where Spark could not start here; nothing is started.

    Raises:
        JarsError: the jars are not there.
        JavaError: there is no Java.
    """
    if _ON_A_CLUSTER in os.environ:
        return
    jars(settings)
    home = os.environ.get("JAVA_HOME")
    if not shutil.which(f"{home}/bin/java" if home else "java"):
        raise JavaError(f"there is no Java, by {home or 'PATH'}", remedy=_GET_JAVA)


def build_session(settings: Settings, app_name: str) -> SparkSession:
    """Return the session of this process.

    Under spark-submit it is the one that was submitted, with the jobs' needs added.

    Raises:
        JarsError: the jars are not there.
        JavaError: no Java, or one that is too old for Spark.
    """
    os.environ["PYSPARK_PYTHON"] = os.environ.get("PYSPARK_PYTHON", sys.executable)
    builder = SparkSession.builder.appName(app_name)
    conf = _NEEDED | spark_conf(settings.lake_uri, settings.s3)
    if _ON_A_CLUSTER not in os.environ:
        # or its UI would listen to the whole network
        os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
        conf = _LOCAL | conf | _local_conf(settings)
    for name, value in (conf | settings.spark.extra).items():
        builder = builder.config(name, value)
    if _ON_A_CLUSTER in os.environ:
        # Spark ships a wheel that --py-files names, but puts only .zip, .egg and .jar on the
        # workers' path.
        SparkContext.PACKAGE_EXTENSIONS = (*SparkContext.PACKAGE_EXTENSIONS, ".whl")
        session = builder.getOrCreate()
    else:
        with (
            _naming_a_dead_jvm(settings),
            _jvm_writing_to(settings.home / "logs" / "jvm.log") as log,
        ):
            session = _started(builder, log)
    session.sparkContext.setLogLevel("WARN")
    return session


def _started(builder: Any, log: Path) -> SparkSession:
    try:
        session: SparkSession = builder.getOrCreate()
    except PySparkRuntimeError as error:
        if error.getCondition() != "JAVA_GATEWAY_EXITED":
            raise
        raise JavaError(
            "Java did not start, or was killed at once, from"
            f" {os.environ.get('JAVA_HOME') or 'PATH'}; what it said is"
            f" in {log}",
            remedy=f"Nothing was begun: run again if it was killed. Else: {_GET_JAVA}",
        ) from None
    return session


@contextmanager
def _jvm_writing_to(log: Path) -> Iterator[Path]:
    """Send what a JVM that is started here prints to a file: the terminal belongs to the user."""
    sys.stderr.flush()
    terminal = os.dup(2)
    try:
        with log.open("ab") as out:
            os.dup2(out.fileno(), 2)
        yield log
    finally:
        os.dup2(terminal, 2)
        os.close(terminal)


def jvm_pid(spark: SparkSession) -> int:
    """Return the process of this session's JVM: our child, or under spark-submit our parent."""
    # py4j's object; Spark tells the process nowhere else
    gateway: Any = spark.sparkContext._gateway
    child = getattr(gateway, "proc", None)
    return int(child.pid) if child else os.getppid()


@contextmanager
def ending(spark: SparkSession, settings: Settings) -> Iterator[None]:
    """Stop the session after the work; where its JVM has ended before, raise that instead.

    Raises:
        JavaEndedError: it has.
    """
    try:
        with _naming_a_dead_jvm(settings):
            yield
    finally:
        if not _jvm_has_ended():
            spark.stop()


@contextmanager
def _naming_a_dead_jvm(settings: Settings) -> Iterator[None]:
    py4j = logging.getLogger("py4j")  # of a JVM that is gone it writes a stack trace per call
    py4j.addHandler(logging.NullHandler())
    py4j.propagate = False
    logging.getLogger().addFilter(_is_not_of_py4j)
    try:
        yield
    except Exception as error:
        if isinstance(error, JavaError) or not _jvm_has_ended(within_s=_LAST_BREATH_S):
            raise
        raise JavaEndedError(
            "Java, in which Spark runs, has ended or was killed",
            remedy="Nothing is lost: run the command again, it goes on where it stood. Was it"
            " memory, see"
            f" spark.driver_memory; its log is {settings.home}/logs/jvm.log",
        ) from None


def _is_not_of_py4j(record: logging.LogRecord) -> bool:
    """Return whether another library wrote a record.

    py4j writes some of its stack traces to the root logger itself.
    """
    return Path(record.pathname).parent.name != "py4j"


def _jvm_has_ended(*, within_s: float = 0) -> bool:
    """Return whether the one JVM that this process has started is gone."""
    gateway: Any = SparkContext._gateway  # set as soon as it answers, before there is a session
    child = getattr(gateway, "proc", None)
    if child is None:
        return False  # under spark-submit it is our parent, and ends us
    try:
        child.wait(within_s)
    except subprocess.TimeoutExpired:
        return False
    return True


def class_archive(settings: Settings) -> Path:
    """Return where `make classes` leaves the archive of Spark's classes: beside their jars."""
    return _jars_dir(settings) / "classes.jsa"


def _jars_dir(settings: Settings) -> Path:
    return settings.spark.jars_dir or Path(__file__).parents[2] / "jars"


def jars(settings: Settings) -> list[Path]:
    """Return the jars that Spark needs beside its own.

    Raises:
        JarsError: there are none.
    """
    root = _jars_dir(settings)
    files: list[Path] = []
    for folder in (root / "spark", root / "s3")[: 1 + settings.is_on_s3]:
        here = sorted(folder.glob("*.jar"))
        if not here:
            raise JarsError(f"no jars in {folder}", remedy="Run `make setup`")
        files += here
    return files


def scratch(settings: Settings) -> Path:
    """Return a folder for what this process spills; delete those that killed ones have left.

    They hold posts.
    """
    root = settings.home / "tmp"
    own = root / str(os.getpid())
    protect(settings, "tmp")
    own.mkdir(parents=True, exist_ok=True)
    for left in root.iterdir():
        if left.is_dir() and not (left.name.isdigit() and _is_alive(int(left.name))):
            shutil.rmtree(left, ignore_errors=True)
    return own


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _local_conf(settings: Settings) -> dict[str, str]:
    spark = settings.spark
    tmp = scratch(settings)
    logs = settings.home / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    java = [f"-Dlog4j2.configurationFile={LOG4J.as_uri()}", f"-Dechostream.log={logs}/spark.log"]
    java += [f"-Dderby.system.home={tmp}", *_IN_UTC]
    if (archive := class_archive(settings)).exists():
        java += [f"-XX:SharedArchiveFile={archive}", *_JAVA_LOGS]
    return {
        "spark.master": spark.master,
        "spark.driver.memory": spark.driver_memory,
        "spark.sql.shuffle.partitions": str(spark.shuffle_partitions),
        "spark.ui.enabled": str(spark.ui).lower(),
        "spark.ui.port": str(spark.ui_port),
        **event_logs.conf(settings),
        "spark.jars": ",".join(str(jar) for jar in jars(settings)),
        "spark.sql.warehouse.dir": str(settings.home / "warehouse"),
        "spark.local.dir": str(tmp),
        "spark.hadoop.hadoop.tmp.dir": str(tmp),
        "spark.driver.extraJavaOptions": " ".join([*java, spark.java_options]).rstrip(),
    }
