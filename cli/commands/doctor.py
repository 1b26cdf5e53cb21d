"""`echostream doctor`."""

import typer

from cli.context import settings_of
from local.doctor import Finding, examine


def doctor(context: typer.Context) -> None:
    """Check Java, Python, jars, home, disk, ports, keys and broker; each line says what to do.

    A line with `--` names what `ingest` of that platform still lacks, and where one gets it.
    """
    findings = examine(settings_of(context))
    for finding in findings:
        print(f"{_mark(finding)} {finding.name:<10} {finding.text}")
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)


def _mark(finding: Finding) -> str:
    if not finding.ok:
        return "BAD"
    return "ok " if finding.is_set_up else "-- "
