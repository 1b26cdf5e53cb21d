"""`echostream up`, `down`, `status`, `doctor`."""

import typer
from rich.console import Console
from rich.table import Table

from cli.context import settings_of


def up(context: typer.Context) -> None:
    """Start the local stack: a real Kafka broker, its topics, a pseudonym key; return when it answers."""
    from foundation.key_sources import pseudonym_source  # noqa: PLC0415
    from local import stack  # noqa: PLC0415

    settings = settings_of(context)
    report = stack.up(settings)
    print(
        f"Kafka {'started' if report.broker_started else 'is up'} at {settings.bootstrap_servers}"
    )
    print(f"topics: {len(report.topics.created)} created, {len(report.topics.existing)} were there")
    if report.topics.narrow:
        print(
            f"left as they are, with fewer partitions than in conf/topics.toml: {', '.join(report.topics.narrow)}"
        )
    print(
        f"pseudonym key: {'made' if report.key_created else 'as it was'}, {pseudonym_source(settings).where}"
    )


def down(context: typer.Context) -> None:
    """Stop the local stack; all data stays."""
    from local import stack  # noqa: PLC0415

    print("Kafka stopped" if stack.down(settings_of(context)) else "Kafka was not running")


def status(context: typer.Context) -> None:
    """Show the broker, and how far each topic and each job is."""
    from local import stack  # noqa: PLC0415

    found = stack.status(settings_of(context))
    whose = (
        f"our broker, pid {found.broker_pid}" if found.broker_pid else "not a broker of this home"
    )
    print(
        f"Kafka at {found.address}: {'answers' if found.broker_answers else 'does not answer'} ({whose})"
    )
    console = Console()
    for title, lags in (("topic", found.topics), ("query", found.queries)):
        shown = Table(title, "read", "end", "lag", "", box=None, pad_edge=False)
        for column in shown.columns[1:4]:
            column.justify = "right"
        for lag in lags:
            shown.add_row(
                lag.what, *(_number(value) for value in (lag.done, lag.end, lag.behind)), lag.unit
            )
        if lags:
            console.print(shown, highlight=False)


def history(context: typer.Context) -> None:
    """Show what earlier runs did, in Spark's history server, until stopped by Ctrl-C."""
    from local.servers import spark_history as server  # noqa: PLC0415  # with Spark's libraries, which are slow to load

    settings = settings_of(context)
    print(f"history of {settings.home} at {server.address(settings)}; Ctrl-C ends it", flush=True)
    server.serve(settings)


def doctor(context: typer.Context) -> None:
    """Check Java, Python, jars, ports, disk, key and broker; each line says what to do."""
    from local.doctor import examine  # noqa: PLC0415

    findings = examine(settings_of(context))
    for finding in findings:
        print(f"{'ok ' if finding.ok else 'BAD'} {finding.name:<9} {finding.text}")
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)


def _number(value: int | None) -> str:
    return "?" if value is None else "none" if value < 0 else f"{value:,}"
