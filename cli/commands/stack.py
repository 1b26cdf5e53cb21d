"""`echostream up`, `down`, `status`."""

import sys
from collections.abc import Sequence
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from cli.context import program_of, settings_of
from foundation.key_sources import pseudonym_source
from foundation.os_errors import ask_owner
from local import stack
from local.lag import Lag
from local.servers import services

_WIDE = 1_000  # columns; no table is as wide


def up(
    context: typer.Context,
    everything: Annotated[
        bool, typer.Option("--all", help="start the API, its job worker and the dashboard too")
    ] = False,
) -> None:
    """Start the local stack: a real Kafka broker, its topics and the keys.

    The command returns when the broker answers. Topics and keys that exist stay as they are.
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
    """Show whether the broker answers, and how far each topic and each job is.

    A lag of 0 means that nothing waits.
    """
    settings = settings_of(context)
    report = stack.status(settings)
    state = "answers" if report.broker_answers else "does not answer"
    print(f"Kafka at {report.address}: {state} ({_owner(report)})")
    for service in services.SERVICES:
        if process := services.running(service, settings):
            url = services.address(service, settings)
            print(f"{service.title} at {url}: runs (pid {process.pid})")
    console = Console(highlight=False)
    for title, lags in (("topic", report.topics), ("job", report.queries)):
        if lags:
            show_lags(title, lags, console)
    if report.closed:
        folders = ", ".join(map(str, report.closed))
        print(f"may not be read, and is not counted: {folders}. {ask_owner(report.closed[0])}")


def _owner(report: stack.Status) -> str:
    if report.broker_pid:
        return f"our broker, pid {report.broker_pid}"
    if report.closed:
        return "whose it is may not be read"
    return "not a broker of this home"


def show_lags(title: str, lags: Sequence[Lag], console: Console) -> None:
    """Print a row for each; where the terminal is too narrow for a table, two lines.

    Names of topics differ in their middle, which a narrow column would cut.
    """
    table = Table(title, "read", "end", "lag", "", box=None, pad_edge=False)
    for column in table.columns[1:4]:
        column.justify = "right"
    for lag in lags:
        table.add_row(lag.what, *_numbers(lag), lag.unit)
    if console.measure(table, options=console.options.update(width=_WIDE)).maximum <= console.width:
        console.print(table)
        return
    for lag in lags:
        done, end, behind = _numbers(lag)
        console.print(lag.what, soft_wrap=True)
        console.print(f"  read {done}, end {end}, lag {behind} {lag.unit}", soft_wrap=True)


def _numbers(lag: Lag) -> tuple[str, str, str]:
    return _number(lag.done), _number(lag.end), _number(lag.behind)


def _number(value: int | None) -> str:
    if value is None:
        return "?"
    return "none" if value < 0 else f"{value:,}"
