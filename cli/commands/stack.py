"""`echostream up`, `down`, `status`."""

import sys
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from cli.context import program_of, settings_of
from foundation.key_sources import pseudonym_source
from local import stack
from local.servers import services


def up(
    context: typer.Context,
    everything: Annotated[
        bool, typer.Option("--all", help="the API, its job worker and the dashboard too")
    ] = False,
) -> None:
    """Start the local stack: a real Kafka broker, its topics and the keys. Return when it answers.

    Topics and keys that exist stay as they are.
    """
    settings = settings_of(context)
    report = stack.up(settings)
    verb = "started" if report.broker_started else "is up"
    print(f"Kafka {verb} at {settings.bootstrap_servers}")
    print(f"topics: {len(report.topics.created)} created, {len(report.topics.existing)} were there")
    if report.topics.narrow:
        names = ", ".join(report.topics.narrow)
        print(f"left as they are, with fewer partitions than in conf/topics.toml: {names}")
    origin = "made" if report.key_created else "as it was"
    print(f"pseudonym key: {origin}, {pseudonym_source(settings).where}")
    program = [sys.executable, *program_of(context)]
    for service in services.SERVICES if everything else ():
        verb = "started" if services.start(service, settings, program) else "is up"
        print(f"{service.title} {verb} at {services.address(service, settings)}")


def down(context: typer.Context) -> None:
    """Stop the local stack; all data stays."""
    settings = settings_of(context)
    for service in reversed(services.SERVICES):
        if services.stop(service, settings):
            print(f"{service.title} stopped")
    print("Kafka stopped" if stack.down(settings) else "Kafka was not running")


def status(context: typer.Context) -> None:
    """Show the broker, and how far each topic and each job is."""
    settings = settings_of(context)
    report = stack.status(settings)
    owner = "not a broker of this home"
    if report.broker_pid:
        owner = f"our broker, pid {report.broker_pid}"
    state = "answers" if report.broker_answers else "does not answer"
    print(f"Kafka at {report.address}: {state} ({owner})")
    for service in services.SERVICES:
        if process := services.running(service, settings):
            url = services.address(service, settings)
            print(f"{service.title} at {url}: runs (pid {process.pid})")
    console = Console()
    for title, lags in (("topic", report.topics), ("query", report.queries)):
        table = Table(title, "read", "end", "lag", "", box=None, pad_edge=False)
        for column in table.columns[1:4]:
            column.justify = "right"
        for lag in lags:
            numbers = (_number(value) for value in (lag.done, lag.end, lag.behind))
            table.add_row(lag.what, *numbers, lag.unit)
        if lags:
            console.print(table, highlight=False)


def _number(value: int | None) -> str:
    if value is None:
        return "?"
    return "none" if value < 0 else f"{value:,}"
