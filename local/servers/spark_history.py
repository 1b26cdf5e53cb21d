"""Spark's history server over this home's event logs, on loopback unless SPARK_LOCAL_IP differs."""

import os
from pathlib import Path
from typing import NoReturn

import pyspark

from foundation.java_paths import environment
from foundation.settings import Settings
from lakehouse.spark import event_logs, session
from local.host.java import find_java
from local.host.ports import LOOPBACK, demand_free

_HEAP = "-Xmx512m"


def address(settings: Settings) -> str:
    """Return where it answers."""
    return f"http://{LOOPBACK}:{settings.spark.history_port}"


def serve(settings: Settings) -> NoReturn:
    """Become the history server: Ctrl-C and SIGTERM end it.

    Raises:
        PortInUseError, JavaError: it cannot be started.
    """
    demand_free(settings.spark.history_port, setting="ECHOSTREAM_SPARK__HISTORY_PORT")
    logs = settings.home / "logs"
    for folder in (logs, event_logs.folder(settings)):
        folder.mkdir(parents=True, exist_ok=True)
    conf = {
        # Spark takes this one for a path, and the folder of those that it writes for an address.
        "spark.history.fs.logDirectory": event_logs.folder(settings),
        "spark.history.ui.port": settings.spark.history_port,
        "log4j2.configurationFile": session.LOG4J.as_uri(),
    }
    options = [f"-D{name}={value}" for name, value in conf.items()]
    jars = Path(pyspark.__file__).parent / "jars" / "*"
    java = find_java().program
    words = [
        java,
        _HEAP,
        *options,
        "-cp",
        str(jars),
        "org.apache.spark.deploy.history.HistoryServer",
    ]
    variables = environment(settings.home) | session.log_variables(logs / "history.log")
    os.execve(java, words, {"SPARK_LOCAL_IP": LOOPBACK} | os.environ | variables)  # noqa: S606  # no shell is meant
