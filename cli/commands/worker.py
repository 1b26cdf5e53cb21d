"""`echostream worker`."""

import os
import signal
import sys
import threading
from typing import Annotated

import typer

from cli.context import settings_of

_LEASE_S = 30.0


def worker(
    context: typer.Context,
    lease_s: Annotated[
        float, typer.Option(min=1, help="seconds until another worker takes over from a killed one")
    ] = _LEASE_S,
    until_stdin_closes: Annotated[
        bool, typer.Option("--until-stdin-closes", help="end when standard input closes")
    ] = False,
) -> None:
    """Score the jobs of POST /v1/jobs, until stopped.

    `echostream serve` starts as many workers as the setting `api.workers` says.
    """
    from foundation.logs import setup_logs
    from serving.jobs.worker import Worker
    from tenancy.database import Database

    settings = settings_of(context)
    setup_logs(settings.home / "logs" / "worker.jsonl", settings.log_level)
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    if until_stdin_closes:
        threading.Thread(target=_await_end, args=(stopped,), daemon=True).start()
    database = Database(settings.control_database)
    try:
        Worker(settings, database, stopped, lease_s=lease_s).run()
    finally:
        database.close()


def _await_end(stopped: threading.Event) -> None:
    while os.read(sys.stdin.fileno(), 1024):
        pass
    stopped.set()
