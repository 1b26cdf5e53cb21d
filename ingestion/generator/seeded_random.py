"""Chance that repeats: the same seed gives the same feed."""

import string
from collections.abc import Sequence
from random import Random
from typing import TypeVar

_DIGITS = string.digits + string.ascii_lowercase
T = TypeVar("T")


def new_random(seed: int | str) -> Random:
    """A source of chance of its own."""
    return Random(seed)  # noqa: S311  # made posts must repeat; nothing here is a secret


def pick(rng: Random, choices: Sequence[T]) -> T:
    """One of them; three times as fast as Random.choice."""
    return choices[int(rng.random() * len(choices))]


def base36(number: int) -> str:
    """As Reddit writes its ids."""
    digits = []
    while True:
        number, digit = divmod(number, 36)
        digits.append(_DIGITS[digit])
        if not number:
            return "".join(reversed(digits))
