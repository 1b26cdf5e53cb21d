"""`echostream run` and `echostream checkpoint`."""

from typing import Annotated, get_args

import typer

from cli.options import settings_of
from foundation.errors import UsageError
from foundation.settings import JobName

JOBS: tuple[JobName, ...] = get_args(JobName)

checkpoint = typer.Typer(no_args_is_help=True, help="Show the jobs' checkpoints, or begin a new one.")


def run(
    context: typer.Context,
    available_now: Annotated[bool, typer.Option("--available-now", help="end when all is in Gold")] = False,
    jobs: Annotated[str, typer.Option(help="some of them, separated by commas")] = ",".join(JOBS),
) -> None:
    """Run the streaming jobs, until stopped by Ctrl-C or SIGTERM."""
    names = _jobs(jobs)
    settings = settings_of(context)
    from cli.watch import Watch  # noqa: PLC0415  # with Spark's libraries, which are slow to load
    from streaming.run import run as run_jobs  # noqa: PLC0415

    watch = Watch()
    run_jobs(settings, available_now=available_now, jobs=names, on_progress=watch.batch, on_start=watch.started)
    watch.ended()


@checkpoint.command()
def show(context: typer.Context) -> None:
    """Where each job stands, and whether its checkpoint belongs to its table."""
    raise NotImplementedError


@checkpoint.command()
def reset(
    context: typer.Context,
    job: Annotated[str, typer.Argument(help=", ".join(JOBS))],
) -> None:
    """Set a job's checkpoint aside and begin a new one where its table ends; nothing doubles."""
    raise NotImplementedError


def _jobs(text: str) -> tuple[JobName, ...]:
    """The jobs of a comma-separated list, in the order of the hops."""
    names = {name.strip() for name in text.split(",") if name.strip()}
    unknown = sorted(names - set(JOBS))
    if unknown or not names:
        raise UsageError(f"no job {', '.join(unknown)}".strip(), remedy="Name some of: " + ", ".join(JOBS))
    return tuple(name for name in JOBS if name in names)
