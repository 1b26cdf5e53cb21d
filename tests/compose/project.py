"""Run docker-compose.yml as a project with its own ports and volumes, and remove it afterwards."""

import json
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import yaml

from local.host.ports import free_ports
from tests.compose.engine import call, say
from tests.compose.images import ROOT

PORTS = (
    "KAFKA_PORT",
    "S3_PORT",
    "SPARK_UI_PORT",
    "HISTORY_PORT",
    "PROMETHEUS_PORT",
    "GRAFANA_PORT",
)
ONCE = ("secrets", "bucket", "topics")
_HEALTHY_S = 420


class Project:
    """The commands of a project."""

    def __init__(self) -> None:
        plugin = (
            subprocess.run(
                ["docker", "compose", "version"], capture_output=True, check=False
            ).returncode
            == 0
        )
        self._compose = ["docker", "compose"] if plugin else ["docker-compose"]
        self.name = f"echostream-test-{os.getpid()}"
        self.ports = dict(zip(PORTS, free_ports(len(PORTS)), strict=True))
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("ECHOSTREAM_", "COMPOSE_"))
        }
        self._environment = kept | {name: str(port) for name, port in self.ports.items()}
        self._environment |= {"COMPOSE_PROJECT_NAME": self.name, "COMPOSE_PATH_SEPARATOR": ":"}
        # The job deletes rows of deleted authors within the hour, for which a run cannot wait.
        self._environment |= {"AUTHOR_REMOVAL_S": "60"}
        self._environment |= {
            "COMPOSE_PROFILES": "metrics,cli",
            "COMPOSE_FILE": "docker-compose.yml",
        }

    def with_simulators(self) -> None:
        """Let producers read simulated platforms from now on."""
        self._environment["COMPOSE_FILE"] = "docker-compose.yml:deploy/simulators.yml"

    def compose(self, *words: str, quiet: bool = True) -> str:
        return call(*self._compose, *words, cwd=ROOT, env=self._environment, quiet=quiet)

    def config(self) -> dict:
        """Return the services as compose reads them."""
        return yaml.safe_load(self.compose("config"))["services"]

    def up(self, *services: str) -> None:
        """Start services and wait until they are healthy, which compose 1.29 does not do."""
        self.compose("up", "-d", *services)
        for service in services:
            self.await_health(service)

    def await_health(self, service: str, seconds: float = _HEALTHY_S) -> None:
        deadline = time.monotonic() + seconds
        while (state := self.inspect(service)["State"]).get("Health", {}).get(
            "Status"
        ) != "healthy":
            if time.monotonic() > deadline or state["Status"] == "dead":
                raise SystemExit(
                    f"test-compose: {service} is {state['Status']}:\n{self.logs(service)}"
                )
            time.sleep(1)

    def container(self, service: str) -> str:
        return f"{self.name}{'-' if self._compose[0] == 'docker' else '_'}{service}" + (
            "-1" if self._compose[0] == "docker" else "_1"
        )

    def inspect(self, service: str) -> dict:
        return json.loads(call("docker", "inspect", self.container(service)))[0]

    def kill(self, service: str) -> None:
        """Kill a container as an operator would by accident. Docker does not restart it."""
        call("docker", "kill", self.container(service))

    def logs(self, service: str) -> str:
        return subprocess.run(
            ["docker", "logs", "--tail", "40", self.container(service)],
            capture_output=True,
            text=True,
            check=False,
        ).stderr

    def cli(self, *words: str) -> str:
        """Run a command by `docker compose run --rm cli …`."""
        return self.compose("run", "--rm", "-T", "cli", *words)

    def read(self, service: str, file: str) -> str:
        """Return a file inside a running container."""
        return call("docker", "exec", self.container(service), "cat", file)


@contextmanager
def project() -> Iterator[Project]:
    """Yield a project; remove its containers, networks and volumes in the end."""
    found = Project()
    try:
        yield found
    finally:
        found.with_simulators()
        with suppress(SystemExit):
            found.compose("down", "--volumes", "--remove-orphans", "--timeout", "30")
        say("containers, networks and volumes removed")
