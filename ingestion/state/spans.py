"""Stretches of time as pairs of their ends, and what joining and cutting makes of them."""

from collections.abc import Iterable

Stretch = tuple[int, int]


def merged(stretches: Iterable[Stretch]) -> list[Stretch]:
    """Return the same time in as few stretches as possible, in order, without empty ones."""
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
    """Return what is left of the stretches outside the holes."""
    left = merged(stretches)
    for begin, end in holes:
        parts = [
            part
            for since, until in left
            for part in ((since, min(until, begin)), (max(since, end), until))
        ]
        left = merged(parts)
    return left
