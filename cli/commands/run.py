"""`echostream run`."""

from typing import Annotated

import typer

from cli.context import settings_of
from cli.input.jobs import JOBS, jobs_of
from cli.output.batches import Watch
from streaming.jobs import STREAMING_JOBS
from streaming.run import run as run_jobs


def run(
    context: typer.Context,
    available_now: Annotated[
        bool, typer.Option("--available-now", help="end when all is in Gold")
    ] = False,
    jobs: Annotated[str, typer.Option(help="some of them, separated by commas")] = ",".join(JOBS),
    accept_poison: Annotated[
        bool, typer.Option("--accept-poison", help="quarantine also what the breaker would stop at")
    ] = False,
) -> None:
    """Run the streaming jobs, until stopped by Ctrl-C or SIGTERM."""
    names = jobs_of(jobs)
    settings = settings_of(context)
    if accept_poison:
        accepting = settings.breaker.model_copy(update={"accept": True})
        settings = settings.model_copy(update={"breaker": accepting})
    watch = Watch()
    run_jobs(
        settings,
        jobs=[job for job in STREAMING_JOBS if job.name in names],
        available_now=available_now,
        on_progress=watch.batch,
        on_start=watch.started,
    )
    watch.ended()
