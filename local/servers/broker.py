"""A real Kafka broker (KRaft, one node) on loopback, with its data under ECHOSTREAM_HOME/broker."""

import os
import subprocess
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from foundation.errors import BrokerFailedError, BrokerUnreachableError
from foundation.folder_modes import protect
from foundation.java_paths import environment, in_properties
from foundation.settings import Settings
from ingestion.kafka.topics import require_broker
from local.host.jars import jars
from local.host.java import find_java
from local.host.ports import LOOPBACK, demand_free
from local.host.processes import Process, end, recall
from local.servers.background import answers_in_time, launch, log_of, one_at_a_time

_STOP_S = 20.0
_FORMAT_S = 120.0


def log_file(settings: Settings) -> Path:
    """Return the file of the broker's own log."""
    return settings.home / "logs" / "broker.log"


def running(settings: Settings) -> Process | None:
    """Return the broker of this home, when it runs."""
    return recall(_pid_file(settings))


def start(settings: Settings) -> bool:
    """Start it and return when it answers; False when it ran already. Data that is there is kept.

    Raises:
        PortInUseError, JavaError, JarsError: it cannot be started.
        BrokerFailedError: it ended, or did not answer in time.
    """
    with _one_at_a_time(settings):
        if running(settings):
            return False
        demand_free(settings.broker.port, setting="ECHOSTREAM_BROKER__PORT")
        demand_free(settings.broker.controller_port, setting="ECHOSTREAM_BROKER__CONTROLLER_PORT")
        conf = _write_properties(settings)
        _format(settings, conf)
        process = _launch(settings, conf)
        try:
            _await_answer(settings, process)
        except BaseException:
            _stop(settings)
            raise
    return True


def stop(settings: Settings) -> bool:
    """Stop it; False when it did not run."""
    with _one_at_a_time(settings):
        return _stop(settings)


def _stop(settings: Settings) -> bool:
    process = running(settings)
    if process:
        end(process, patience_s=_STOP_S)
    _pid_file(settings).unlink(missing_ok=True)
    return process is not None


def _folder(settings: Settings) -> Path:
    return settings.home / "broker"


def _pid_file(settings: Settings) -> Path:
    return _folder(settings) / "broker.pid"


@contextmanager
def _one_at_a_time(settings: Settings) -> Iterator[None]:
    protect(settings, "broker")
    with one_at_a_time(_folder(settings)):
        yield


def _write_properties(settings: Settings) -> Path:
    """Write server.properties, anew at each start, so that ports follow the settings."""
    broker = settings.broker.port
    controller = settings.broker.controller_port
    listeners = f"PLAINTEXT://{LOOPBACK}:{broker},CONTROLLER://{LOOPBACK}:{controller}"
    values: dict[str, object] = {
        "process.roles": "broker,controller",
        "node.id": 1,
        "listeners": listeners,
        "advertised.listeners": listeners,
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": "PLAINTEXT",
        "controller.quorum.bootstrap.servers": f"{LOOPBACK}:{controller}",
        "log.dirs": _folder(settings) / "data",
        "auto.create.topics.enable": "false",
        "default.replication.factor": 1,
        "min.insync.replicas": 1,
        "offsets.topic.replication.factor": 1,
        "offsets.topic.num.partitions": 1,
        "transaction.state.log.replication.factor": 1,
        "transaction.state.log.min.isr": 1,
        "transaction.state.log.num.partitions": 1,
        "share.coordinator.state.topic.replication.factor": 1,
        "share.coordinator.state.topic.min.isr": 1,
        "group.initial.rebalance.delay.ms": 0,
        "num.network.threads": 2,
        "num.io.threads": 4,
        "log.cleaner.dedupe.buffer.size": 16 * 2**20,  # the default takes a quarter of the heap
    }
    conf = _folder(settings) / "server.properties"
    conf.write_text(
        "".join(f"{name}={in_properties(value)}\n" for name, value in values.items()),
        encoding="ascii",
    )
    return conf


def _command(settings: Settings, *words: str) -> list[str]:
    log = "org.slf4j.simpleLogger"
    return [
        find_java().program,
        f"-Xmx{settings.broker.heap_mb}m",
        "-XX:TieredStopAtLevel=1",  # up in half the time, and plenty for a laptop's load
        "-XX:+UseSerialGC",
        f"-D{log}.defaultLogLevel=info",
        f"-D{log}.log.org.apache.kafka.common.config=warn",
        f"-D{log}.showDateTime=true",
        f"-D{log}.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSZ",
        "-cp",
        ":".join(map(str, jars("broker"))),
        *words,
    ]


def _format(settings: Settings, conf: Path) -> None:
    """Prepare the data folder, once in its life."""
    if (_folder(settings) / "data" / "meta.properties").exists():
        return
    cluster = urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    # A leading dash would read as an option.
    cluster = cluster.replace("-", "A", 1) if cluster.startswith("-") else cluster
    words = ["kafka.tools.StorageTool", "format", "--standalone", "-t", cluster, "-c", str(conf)]
    with log_of(log_file(settings)) as log:
        done = subprocess.run(
            _command(settings, *words),
            stdout=log,
            stderr=log,
            check=False,
            timeout=_FORMAT_S,
            env=os.environ | environment(settings.home),
        )
    if done.returncode:
        raise _failed(settings, "the local broker's storage could not be prepared")


def _launch(settings: Settings, conf: Path) -> Process:
    command = _command(settings, "kafka.Kafka", str(conf))
    with log_of(log_file(settings)) as log:
        return launch(
            command, log=log, pid_file=_pid_file(settings), variables=environment(settings.home)
        )


def _await_answer(settings: Settings, process: Process) -> None:
    patience_s = settings.broker.start_timeout_s
    answered = answers_in_time(
        _pid_file(settings), process, lambda: _answers(settings), timeout_s=patience_s
    )
    if answered is None:
        raise _failed(settings, "the local broker ended while it started")
    if not answered:
        raise _failed(settings, f"the local broker did not answer within {patience_s:g} s")


def _answers(settings: Settings) -> bool:
    try:
        require_broker(settings, timeout_s=1.0)
    except BrokerUnreachableError:
        return False
    return True


def _failed(settings: Settings, problem: str) -> BrokerFailedError:
    return BrokerFailedError(problem, remedy=f"Its log says why: {log_file(settings)}")
