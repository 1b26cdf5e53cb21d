"""`echostream run` and `echostream checkpoint`."""

import json
from typing import Annotated, get_args

import typer

from cli.context import settings_of
from foundation.errors import UsageError
from foundation.sections import JobName

JOBS: tuple[JobName, ...] = get_args(JobName)

checkpoint = typer.Typer(
    no_args_is_help=True, help="Show the jobs' checkpoints, or begin a new one."
)


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
    names = _jobs(jobs)
    settings = settings_of(context)
    if accept_poison:
        accepting = settings.breaker.model_copy(update={"accept": True})
        settings = settings.model_copy(update={"breaker": accepting})
    from cli.output.batches import Watch  # noqa: PLC0415  # with Spark's libraries, which are slow to load
    from streaming.jobs import STREAMING_JOBS  # noqa: PLC0415
    from streaming.run import run as run_jobs  # noqa: PLC0415

    watch = Watch()
    wanted = [job for job in STREAMING_JOBS if job.name in names]
    run_jobs(
        settings,
        jobs=wanted,
        available_now=available_now,
        on_progress=watch.batch,
        on_start=watch.started,
    )
    watch.ended()


@checkpoint.command()
def show(context: typer.Context) -> None:
    """Where each job stands, and whether its checkpoint belongs to its table."""
    from lakehouse.jobs.checkpoint_reset import show as states  # noqa: PLC0415  # with deltalake, which is slow to load

    for state in states(settings_of(context)):
        pending = ", a batch was begun and will be repeated" if state.is_pending else ""
        batch = "none" if state.committed_batch is None else state.committed_batch
        print(f"{state.job}: {state.verdict}")
        print(f"  checkpoint  {state.id or 'none'} at {state.folder}")
        print(f"  table       {state.table}, written by checkpoint {state.table_id or 'none'}")
        print(f"  last batch  {batch}{pending}")
        for lost in state.lost:
            print(f"  lost        {lost}. {lost.remedy}")
        if state.wrong:
            print(f"  wrong       {state.wrong}")
        if state.end is not None:
            print(f"  ended at    {json.dumps(state.end)}")


@checkpoint.command()
def reset(
    context: typer.Context,
    job: Annotated[str, typer.Argument(help=", ".join(JOBS))],
) -> None:
    """Set a job's checkpoint aside and begin a new one where its table ends; nothing doubles, what is lost is named."""
    (name,) = _jobs(job, most=1)
    settings = settings_of(context)
    from lakehouse.jobs.checkpoint_reset import reset as begin_anew  # noqa: PLC0415

    done = begin_anew(settings, name)
    print(f"{done.job}: the next run starts {done.starts}")
    print(f"the old checkpoint, if there was one, is at {done.set_aside}")
    for gap in done.gaps:
        print(f"gap: {gap}")


def _jobs(text: str, *, most: int = len(JOBS)) -> tuple[JobName, ...]:
    """The jobs of a comma-separated list, in the order of the hops."""
    names = {name.strip() for name in text.split(",") if name.strip()}
    unknown = sorted(names - set(JOBS))
    if unknown or not 1 <= len(names) <= most:
        what = f"no job {', '.join(unknown)}" if unknown else f"{len(names)} jobs are named"
        raise UsageError(
            what, remedy=f"Name {'one' if most == 1 else 'some'} of: {', '.join(JOBS)}"
        )
    return tuple(name for name in JOBS if name in names)
