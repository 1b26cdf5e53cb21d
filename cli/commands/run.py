"""`echostream run`."""

from typing import Annotated

import typer

from cli.context import settings_of
from cli.input.jobs import JOBS, jobs_of


def run(
    context: typer.Context,
    available_now: Annotated[
        bool, typer.Option("--available-now", help="process all that is in Kafka, then end")
    ] = False,
    jobs: Annotated[str, typer.Option(help="run only these, separated by commas")] = ",".join(JOBS),
    accept_poison: Annotated[
        bool,
        typer.Option("--accept-poison", help="quarantine bad records, however many there are"),
    ] = False,
) -> None:
    """Run the streaming jobs from Kafka to Gold, until stopped by Ctrl-C or SIGTERM.

    A batch that has begun is finished first.
    """
    names = jobs_of(jobs)
    # Help and refusals need no Spark.
    from cli.output.batches import Watch
    from streaming.jobs import STREAMING_JOBS
    from streaming.run import run as run_jobs

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
