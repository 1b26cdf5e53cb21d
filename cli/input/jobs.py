"""Names of streaming jobs that a user gives."""

from typing import get_args

from foundation.errors import UsageError
from foundation.job_names import JobName

JOBS: tuple[JobName, ...] = get_args(JobName)


def jobs_of(text: str, *, most: int = len(JOBS)) -> tuple[JobName, ...]:
    """Return the jobs of a comma-separated list, in the order of the hops.

    Raises:
        UsageError: a name is unknown, or too many are given, or none.
    """
    names = {name.strip() for name in text.split(",") if name.strip()}
    unknown = sorted(names - set(JOBS))
    if unknown or not 1 <= len(names) <= most:
        problem = f"no job {', '.join(unknown)}" if unknown else f"{len(names)} jobs are named"
        choice = "one" if most == 1 else "some"
        raise UsageError(problem, remedy=f"Name {choice} of: {', '.join(JOBS)}")
    return tuple(name for name in JOBS if name in names)
