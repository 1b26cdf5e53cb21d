"""`echostream up`, `down`, `status`."""

import typer
from rich.console import Console
from rich.table import Table

from cli.context import settings_of
from foundation.key_sources import pseudonym_source
from local import stack


def up(context: typer.Context) -> None:
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


def down(context: typer.Context) -> None:
    """Stop the local stack; all data stays."""
    print("Kafka stopped" if stack.down(settings_of(context)) else "Kafka was not running")


def status(context: typer.Context) -> None:
    """Show the broker, and how far each topic and each job is."""
    report = stack.status(settings_of(context))
    owner = "not a broker of this home"
    if report.broker_pid:
        owner = f"our broker, pid {report.broker_pid}"
    state = "answers" if report.broker_answers else "does not answer"
    print(f"Kafka at {report.address}: {state} ({owner})")
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
