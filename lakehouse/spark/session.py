"""Start and stop the Spark session, with the conf that the jobs rely on."""

import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pyspark import SparkContext
from pyspark.errors import PySparkRuntimeError
from pyspark.sql import SparkSession

from foundation.errors import JarsError, JavaEndedError, JavaError
from foundation.folder_modes import protect
from foundation.java_paths import environment, in_options, survives_options
from foundation.settings import Settings
from lakehouse.spark import event_logs
from lakehouse.storage.s3 import spark_conf

_JVM_ENDS_WITHIN_S = 0.5  # a broken connection shows before the JVM's process has ended

# Conf that every job relies on, wherever it runs.
_NEEDED = {
    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",
    # A header or a metric that occurs twice in a record must not stop a query.
    "spark.sql.mapKeyDedupPolicy": "LAST_WIN",
    # Delta recognises a commit whose response was lost, and does not write it twice.
    "spark.databricks.delta.commit.idempotencyCheck.enabled": "true",
    # Spark caches 100 compiled plans by default. The jobs have more, so their batches would compile
    # the same plans again. In one pair of runs, on loaded cores, this cache saved a quarter of the
    # driver's CPU time.
    "spark.sql.codegen.cache.maxEntries": "5000",
    # Hide the values of settings with such names in UI and event log. Spark's default lacks names
    # with underscores.
    "spark.redaction.regex": "(?i)secret|passw|token|access[._-]?key|credential|jaas",
}
# Further conf for a laptop; a cluster brings its own with --properties-file.
_LOCAL = {
    # The default, 50 partitions, makes each small commit slow.
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
# Java ignores an archive that does not fit, and would print a warning to the terminal.
_JAVA_LOGS = ("-Xlog:disable", "-Xlog:all=warning:stderr")
# In another time zone Delta 4.0 does not trust the file lists that it keeps beside its log: it
# would read the log again after each commit to a table of up to 50 files.
_IN_UTC = ("-Duser.timezone=UTC",)
_GET_JAVA = "Install Java 17 and put it on PATH, or set JAVA_HOME"
_ON_A_CLUSTER = "PYSPARK_GATEWAY_PORT"  # set by spark-submit


def preflight(settings: Settings) -> None:
    """Refuse to continue if Spark could not start on this machine; start nothing.

    Raises:
        JarsError: the jars are missing.
        JavaError: Java is missing.
    """
    if _ON_A_CLUSTER in os.environ:
        return
    jars(settings)
    home = os.environ.get("JAVA_HOME")
    if not shutil.which(f"{home}/bin/java" if home else "java"):
        raise JavaError(f"there is no Java in {home or 'PATH'}", remedy=_GET_JAVA)


def build_session(settings: Settings, app_name: str) -> SparkSession:
    """Return this process's Spark session, and start it if needed.

    Under spark-submit this is the submitted session, with the conf that the jobs rely on.

    Raises:
        JarsError: the jars are missing.
        JavaError: Java is missing, or too old for Spark.
    """
    os.environ["PYSPARK_PYTHON"] = os.environ.get("PYSPARK_PYTHON", sys.executable)
    builder = SparkSession.builder.appName(app_name)
    conf = _NEEDED | spark_conf(settings.lake_uri, settings.s3)
    if _ON_A_CLUSTER not in os.environ:
        # By default Spark's UI listens to the whole network.
        os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
        conf = _LOCAL | conf | _local_conf(settings)
    for name, value in (conf | settings.spark.extra).items():
        builder = builder.config(name, value)
    if _ON_A_CLUSTER in os.environ:
        # Spark ships a wheel of --py-files, but puts only .zip, .egg and .jar on the workers' path.
        SparkContext.PACKAGE_EXTENSIONS = (*SparkContext.PACKAGE_EXTENSIONS, ".whl")
        session = builder.getOrCreate()
    else:
        with (
            _naming_a_dead_jvm(settings),
            _in_environment(
                environment(settings.home) | log_variables(settings.home / "logs" / "spark.log")
            ),
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
            f"Java did not start from {os.environ.get('JAVA_HOME') or 'PATH'}, or was killed at"
            f" once; its output is in {log}",
            remedy=f"Nothing was begun: if it was killed, run again. Else: {_GET_JAVA}",
        ) from None
    return session


@contextmanager
def _jvm_writing_to(log: Path) -> Iterator[Path]:
    """Send the output of a JVM that starts in this block to a file, not to the user's terminal."""
    sys.stderr.flush()
    terminal = os.dup(2)
    try:
        with log.open("ab") as out:
            os.dup2(out.fileno(), 2)
        yield log
    finally:
        os.dup2(terminal, 2)
        os.close(terminal)


def log_variables(file: Path) -> dict[str, str]:
    """Return the variables by which `log4j2.properties` finds the file of a JVM's log."""
    pattern = str(file).replace("%", "%%")  # of the files that it is put aside as
    return {"ECHOSTREAM_X_LOG": str(file), "ECHOSTREAM_X_LOG_PATTERN": pattern}


@contextmanager
def _in_environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Give a JVM that is started here some variables more than this process has."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


def jvm_pid(spark: SparkSession) -> int:
    """Return the process id of this session's JVM: our child, or under spark-submit our parent."""
    # py4j's object: Spark gives the process id nowhere else.
    gateway: Any = spark.sparkContext._gateway
    child = getattr(gateway, "proc", None)
    return int(child.pid) if child else os.getppid()


@contextmanager
def ending(spark: SparkSession, settings: Settings) -> Iterator[None]:
    """Stop the session when the block ends; if its JVM ended before, raise that as an error.

    Raises:
        JavaEndedError: the JVM ended before.
    """
    try:
        with _naming_a_dead_jvm(settings):
            yield
    finally:
        if not _jvm_has_ended():
            spark.stop()


@contextmanager
def _naming_a_dead_jvm(settings: Settings) -> Iterator[None]:
    py4j = logging.getLogger("py4j")  # writes a stack trace for each call to a JVM that has ended
    py4j.addHandler(logging.NullHandler())
    py4j.propagate = False
    logging.getLogger().addFilter(_is_not_of_py4j)
    try:
        yield
    except Exception as error:
        if isinstance(error, JavaError) or not _jvm_has_ended(within_s=_JVM_ENDS_WITHIN_S):
            raise
        raise JavaEndedError(
            "Java, in which Spark runs, has ended or was killed",
            remedy="Nothing is lost: run the command again, it continues where it ended. If memory"
            f" ran out, raise spark.driver_memory; its log is {settings.home}/logs/jvm.log",
        ) from None


def _is_not_of_py4j(record: logging.LogRecord) -> bool:
    """Return whether a library other than py4j wrote a record.

    py4j writes some of its stack traces to the root logger.
    """
    return Path(record.pathname).parent.name != "py4j"


def _jvm_has_ended(*, within_s: float = 0) -> bool:
    """Return whether the JVM that this process started has ended."""
    gateway: Any = SparkContext._gateway  # set once the JVM answers, before there is a session
    child = getattr(gateway, "proc", None)
    if child is None:
        return False  # under spark-submit the JVM is our parent, and ends us
    try:
        child.wait(within_s)
    except subprocess.TimeoutExpired:
        return False
    return True


def class_archive(settings: Settings) -> Path:
    """Return the file of the class archive that `make classes` writes beside the jars."""
    return _jars_dir(settings) / "classes.jsa"


def _jars_dir(settings: Settings) -> Path:
    return settings.spark.jars_dir or Path(__file__).parents[2] / "jars"


def jars(settings: Settings) -> list[Path]:
    """Return the jars that Spark needs besides its own.

    Raises:
        JarsError: a folder has no jars.
    """
    root = _jars_dir(settings)
    files: list[Path] = []
    for folder in (root / "spark", root / "s3")[: 1 + settings.is_on_s3]:
        files_here = sorted(folder.glob("*.jar"))
        if not files_here:
            raise JarsError(f"no jars in {folder}", remedy="Run `make setup`")
        files += files_here
    return files


def scratch(settings: Settings) -> Path:
    """Return this process's folder for spilled data, and delete those of ended processes.

    Spilled data contains posts.
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
    (settings.home / "logs").mkdir(parents=True, exist_ok=True)
    java = [f"-Dlog4j2.configurationFile={LOG4J.as_uri()}", *_IN_UTC]
    if survives_options(tmp):
        java.append(f"-Dderby.system.home={tmp}")  # of Hive, which only spark.extra can ask for
    if (archive := class_archive(settings)).exists():
        java += [f"-XX:SharedArchiveFile={archive}", *_JAVA_LOGS]
    return {
        "spark.master": spark.master,
        "spark.driver.memory": spark.driver_memory,
        "spark.sql.shuffle.partitions": str(spark.shuffle_partitions),
        "spark.ui.enabled": str(spark.ui).lower(),
        "spark.ui.port": str(spark.ui_port),
        **event_logs.conf(settings),
        "spark.jars": ",".join(jar.absolute().as_uri() for jar in jars(settings)),
        "spark.sql.warehouse.dir": str(settings.home / "warehouse"),
        "spark.local.dir": str(tmp),
        "spark.hadoop.hadoop.tmp.dir": str(tmp),
        "spark.driver.extraJavaOptions": " ".join(
            [*map(in_options, java), spark.java_options]
        ).rstrip(),
    }
