"""The API and the dashboard as processes of their own, beside the broker."""

import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path

from foundation.errors import ServiceFailedError
from foundation.sections import ApiSettings, DashboardSettings
from foundation.settings import Settings
from local.host.ports import demand_free, url_of
from local.host.processes import Process, end, recall
from local.servers.background import answers_in_time, launch, log_of, one_at_a_time
from schemas.stored_names import RUN_FOLDER

_STOP_S = 30.0
_START_S = 120.0
_ANSWER_S = 2.0


@dataclass(frozen=True, slots=True)
class Service:
    """A command of `echostream` that serves until it is stopped.

    Attributes:
        name: of its command and of its files.
        title: its name for a person.
        section: its section of the settings.
        ready: the path that answers 200 once it can be used.
    """

    name: str
    title: str
    section: str
    ready: str


API = Service("serve", "API", "api", "/readyz")
DASHBOARD = Service("dashboard", "Dashboard", "dashboard", "/_stcore/health")
SERVICES = (API, DASHBOARD)  # the second asks the first


def address(service: Service, settings: Settings) -> str:
    """Return where a person or a program of this machine reaches it."""
    section = _section(service, settings)
    return url_of(section.host, section.port)


def running(service: Service, settings: Settings) -> Process | None:
    """Return the service of this home, when it runs."""
    return recall(_pid_file(service, settings))


def start(service: Service, settings: Settings, echostream: Sequence[str]) -> bool:
    """Start it and return when it answers; False when it ran already.

    Args:
        service: which.
        settings: of this process.
        echostream: the words that start the `echostream` command with these settings.

    Raises:
        PortInUseError: its port is taken.
        ServiceFailedError: it ended, or did not answer in time.
    """
    with one_at_a_time(_folder(settings)):
        if running(service, settings):
            return False
        variable = f"ECHOSTREAM_{service.section.upper()}__PORT"
        demand_free(_section(service, settings).port, setting=variable)
        pid_file = _pid_file(service, settings)
        with log_of(log_file(service, settings)) as log:
            process = launch([*echostream, service.name], log=log, pid_file=pid_file)
        try:
            _await_answer(service, settings, process)
        except BaseException:  # a Ctrl-C while it starts, too
            _stop(service, settings)
            raise
    return True


def stop(service: Service, settings: Settings) -> bool:
    """Stop it; False when it did not run."""
    with one_at_a_time(_folder(settings)):
        return _stop(service, settings)


def log_file(service: Service, settings: Settings) -> Path:
    """Return the file of what it prints."""
    return settings.home / "logs" / f"{service.name}.out"


def _await_answer(service: Service, settings: Settings, process: Process) -> None:
    url = address(service, settings) + service.ready
    answered = answers_in_time(
        _pid_file(service, settings), process, lambda: _answers(url), timeout_s=_START_S
    )
    if not answered:
        problem = "ended while it started" if answered is None else "does not answer"
        raise ServiceFailedError(
            f"the {service.title} {problem}",
            remedy=f"Its log says why: {log_file(service, settings)}",
        )


def _stop(service: Service, settings: Settings) -> bool:
    process = running(service, settings)
    if process:
        end(process, patience_s=_STOP_S)
    _pid_file(service, settings).unlink(missing_ok=True)
    return process is not None


def _section(service: Service, settings: Settings) -> ApiSettings | DashboardSettings:
    return settings.api if service is API else settings.dashboard


def _pid_file(service: Service, settings: Settings) -> Path:
    return _folder(settings) / f"{service.name}.pid"


def _folder(settings: Settings) -> Path:
    return settings.home / RUN_FOLDER


def _answers(url: str) -> bool:
    # A proxy of the environment is for other machines than this one.
    directly = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        directly.open(url, timeout=_ANSWER_S).close()
    except (OSError, HTTPException):
        return False
    return True
