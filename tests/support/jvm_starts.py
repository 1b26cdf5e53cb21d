"""Record who starts Java, by a program before the real one on PATH.

A Spark JVM costs 42 seconds of CPU, so the tests share one. A test that starts another one fails,
unless its file is listed here.
"""

import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

_LOG = "TEST_JVM_STARTS"
_STARTED_FOR = "TEST_JVM_FOR"  # otherwise it counts for the test that runs
SHARED = "the shared session"
# These tests prove behaviour at the boundary of a process.
MAY_START_SPARK = (
    "tests/e2e/test_kafka_to_gold.py",
    "tests/e2e/test_memory.py",
    "tests/e2e/test_s3.py",
    "tests/e2e/test_spark_submit.py",
    "tests/faults/",
    "tests/jobs/test_rotate_keys.py",
)
_SPARK = "Spark"
_BROKER = "broker"
_PROGRAM = """#!/bin/sh
case "$*" in
  *org.apache.spark.launcher.Main*org.apache.spark.deploy.SparkSubmit*) kind={spark} ;;
  *" kafka.Kafka "*) kind={broker} ;;
  *) kind= ;;
esac
if [ -n "$kind" ] && [ -n "${log}" ]; then
  printf '%s\\t%s\\n' "$kind" "${{{given}:-$PYTEST_CURRENT_TEST}}" >> "${log}"
fi
exec '{java}' "$@"
"""


def note_starts() -> None:
    """Put the program before Java, for this process and all that it starts."""
    home = os.environ.get("JAVA_HOME")
    java = f"{home}/bin/java" if home else shutil.which("java")
    if java is None or not Path(java).exists():
        return  # tests that need Java say so themselves
    folder = Path(tempfile.mkdtemp(prefix="echostream-java-"))
    program = folder / "bin" / "java"
    program.parent.mkdir()
    names = {"spark": _SPARK, "broker": _BROKER, "log": _LOG, "given": _STARTED_FOR}
    program.write_text(_PROGRAM.format(java=java, **names))
    program.chmod(0o755)
    os.environ[_LOG] = str(folder / "starts")
    os.environ["PATH"] = f"{program.parent}{os.pathsep}{os.environ['PATH']}"
    if home:
        os.environ["JAVA_HOME"] = str(folder)


def forget_starts() -> None:
    """Remove everything that `note_starts` made."""
    if log := os.environ.get(_LOG):
        shutil.rmtree(Path(log).parent, ignore_errors=True)


def shared_session() -> dict[str, str]:
    """Return the environment variables for the start of the session that all tests share."""
    return {_STARTED_FOR: SHARED}


def _starts() -> Iterator[tuple[str, str]]:
    """Yield the kind of each start so far, and the test that it was for."""
    log = os.environ.get(_LOG)
    if log is None or not Path(log).exists():
        return
    for line in Path(log).read_text(encoding="utf-8").splitlines():
        kind, _, test = line.partition("\t")
        yield kind, test.rpartition(" (")[0] or test


def started_spark_for_nothing(test: str) -> bool:
    """Tell whether a test started its own Spark JVM and its file is not listed."""
    return not test.startswith(MAY_START_SPARK) and (_SPARK, test) in _starts()


def summary() -> Iterator[str]:
    """Return one line with the number of starts by test."""
    counted = Counter((kind, test.partition("::")[0]) for kind, test in _starts())
    for kind in (_SPARK, _BROKER):
        files = {file: number for (of, file), number in counted.items() if of == kind}
        if files:
            listed = ", ".join(f"{file} {number}" for file, number in sorted(files.items()))
            yield f"{kind}: {sum(files.values())} JVMs started ({listed})"
