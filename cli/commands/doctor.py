"""`echostream doctor`."""

import typer

from cli.context import settings_of
from local.doctor import examine


def doctor(context: typer.Context) -> None:
    """Check Java, Python, jars, ports, disk, keys and broker; each line says what to do."""
    findings = examine(settings_of(context))
    for finding in findings:
        print(f"{'ok ' if finding.ok else 'BAD'} {finding.name:<9} {finding.text}")
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)
