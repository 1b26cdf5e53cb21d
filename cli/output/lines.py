"""Lines that a job yields while it works."""

from collections.abc import Iterable


def print_lines(lines: Iterable[str]) -> None:
    """Print each line at once."""
    for line in lines:
        print(line, flush=True)
