"""Monthly budget (UTC) of a paid scorer, counted across the processes of a machine."""

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
    """Counts before money is spent, so that the cap holds however many workers there are."""

    def take(self, usd: float) -> None: ...

    def give_back(self, usd: float) -> None: ...


def spent(file: Path, month: str) -> float | None:
    """Return what a file says was spent in a month, `2026-11`; None where there is no file.

    Raises:
        ScorerBudgetError: it does not say it.
    """
    try:
        return _parse(file, file.read_text(encoding="utf-8")).get(month, 0.0)
    except FileNotFoundError:
        return None


class MonthlyBudget:
    """A file with what was spent by month; a lock on it makes processes take turns."""

    def __init__(self, file: Path, most_usd: float) -> None:
        self._file = file
        self._most_usd = most_usd
        self._lock = Lock()  # flock is per process

    def take(self, usd: float) -> None:
        """Count an amount, before it is spent.

        Raises:
            ScorerBudgetError: it would go beyond the cap; nothing was counted.
        """
        self._add(usd)

    def give_back(self, usd: float) -> None:
        """Take back what was counted and not spent."""
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
            remedy="Write what it was, or remove the file",
        ) from None
