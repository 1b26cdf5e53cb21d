"""Keep a paid scorer within a monthly budget (UTC), across all processes of a machine."""

import fcntl
import json
import os
from pathlib import Path
from threading import Lock
from typing import Protocol

from foundation import clock
from foundation.errors import ScorerBudgetError
from transforms.scoring.refusals import budget_is_spent


class Budget(Protocol):
    """Counts money before it is spent, so that the cap holds for any number of workers."""

    def take(self, usd: float) -> None:
        """Count an amount before it is spent; raise ScorerBudgetError beyond the cap."""

    def give_back(self, usd: float) -> None:
        """Subtract an amount that was counted and not spent."""


def spent(file: Path, month: str) -> float | None:
    """Return the US dollars that a file has for a month, `2026-11`; None without a file.

    Raises:
        ScorerBudgetError: the file cannot be read as sums by month.
    """
    try:
        return _parse(file, file.read_text(encoding="utf-8")).get(month, 0.0)
    except FileNotFoundError:
        return None


class MonthlyBudget:
    """A file with the sums spent by month; a lock on it makes processes take turns."""

    def __init__(self, file: Path, most_usd: float) -> None:
        self._file = file
        self._most_usd = most_usd
        self._lock = Lock()  # for threads, since flock is per process

    def take(self, usd: float) -> None:
        """Count an amount in US dollars before it is spent.

        Raises:
            ScorerBudgetError: the month's sum would exceed the cap; nothing was counted.
        """
        self._add(usd)

    def give_back(self, usd: float) -> None:
        """Subtract an amount that was counted and not spent."""
        self._add(-usd)

    def _add(self, usd: float) -> None:
        month = f"{clock.now():%Y-%m}"
        self._file.parent.mkdir(parents=True, exist_ok=True)
        with (
            self._lock,
            os.fdopen(
                os.open(self._file, os.O_RDWR | os.O_CREAT, 0o600), "r+", encoding="utf-8"
            ) as opened,
        ):
            fcntl.flock(opened, fcntl.LOCK_EX)
            spent = _parse(self._file, opened.read())
            total = spent.get(month, 0.0) + usd
            if usd > 0 and total > self._most_usd:
                raise budget_is_spent(spent.get(month, 0.0), self._most_usd, month)
            spent[month] = max(total, 0.0)
            opened.seek(0)
            opened.truncate()
            json.dump(spent, opened)


def _parse(file: Path, content: str) -> dict[str, float]:
    try:
        return {str(month): float(usd) for month, usd in json.loads(content or "{}").items()}
    except (ValueError, AttributeError, TypeError):
        raise ScorerBudgetError(
            f"{file} does not say what scoring has cost",
            remedy="Write the sums by month into it, or remove it",
        ) from None
