"""Join and cut stretches of time, which are pairs of start and end."""

from collections.abc import Iterable

Stretch = tuple[int, int]


def merged(stretches: Iterable[Stretch]) -> list[Stretch]:
    """Join stretches that overlap or touch; return them in order, without empty ones."""
    joined: list[Stretch] = []
    for since, until in sorted(stretches):
        if since >= until:
            continue
        if joined and since <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], until))
        else:
            joined.append((since, until))
    return joined


def without(stretches: Iterable[Stretch], holes: Iterable[Stretch]) -> list[Stretch]:
    """Return the parts of the stretches outside the holes, in order."""
    remaining = merged(stretches)
    for begin, end in holes:
        parts = [
            part
            for since, until in remaining
            for part in ((since, min(until, begin)), (max(since, end), until))
        ]
        remaining = merged(parts)
    return remaining
