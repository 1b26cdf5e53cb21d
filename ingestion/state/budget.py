"""Limit the requests and money that a platform's producer spends, as conf/budgets.toml says."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from foundation.conf_files import conf_dir, read_toml
from foundation.errors import BudgetSpentError, SettingsError
from ingestion.state.store import IngestStore
from schemas.epoch import to_datetime

Period = Literal["day", "month"]


@dataclass(frozen=True, slots=True)
class Limit:
    """The highest amount in a calendar day or month, UTC."""

    most: float
    per: Period


class Budget:
    """The budget of one platform's producer; units without a limit are not counted."""

    def __init__(
        self, limits: Mapping[str, Limit], store: IngestStore, clock: Callable[[], int]
    ) -> None:
        self._limits = limits
        self._store = store
        self._clock = clock
        self._taking = threading.Lock()

    def take(self, unit: str, amount: float = 1) -> None:
        """Check and spend an amount in one step, so that threads together keep the limit.

        Raises:
            BudgetSpentError: the limit leaves too little; nothing was spent.
        """
        with self._taking:
            self.require(unit, amount)
            self.spend(unit, amount)

    def require(self, unit: str, amount: float = 1) -> None:
        """Check that the limit leaves room for an amount, without spending it.

        Raises:
            BudgetSpentError: it does not.
        """
        limit = self._limits.get(unit)
        if limit is None:
            return
        spent = self._store.spent(unit, self._period(limit.per))
        if spent + amount > limit.most:
            raise BudgetSpentError(
                f"budget reached: {spent:g} of {limit.most:g} {unit} this {limit.per}",
                remedy=f"Reading continues in the next {limit.per};"
                " conf/budgets.toml has the limit",
            )

    def spend(self, unit: str, amount: float = 1) -> None:
        """Record an amount that was spent."""
        if (limit := self._limits.get(unit)) is not None:
            self._store.spend(unit, self._period(limit.per), amount)

    def left(self) -> dict[str, float]:
        """Return the amount left in the current period, by unit."""
        return {
            unit: limit.most - self._store.spent(unit, self._period(limit.per))
            for unit, limit in self._limits.items()
        }

    def _period(self, per: Period) -> str:
        now = to_datetime(self._clock())
        return f"{now:%Y-%m-%d}" if per == "day" else f"{now:%Y-%m}"


def limits_of(platform: str, file: Path | None = None) -> dict[str, Limit]:
    """Read the limits of one platform, by unit.

    Raises:
        SettingsError: an entry is malformed.
    """
    return parse_limits(platform, read_toml(file or conf_dir() / "budgets.toml").get(platform, {}))


def parse_limits(platform: str, values: Mapping[str, Any]) -> dict[str, Limit]:
    """Convert a table of the file to limits; raises as `limits_of` does."""
    limits = {}
    for unit, value in values.items():
        match value:
            case {"most": int() | float() as most, "per": "day" | "month" as per, **rest} if (
                not rest and most > 0
            ):
                limits[unit] = Limit(most, per)
            case _:
                raise SettingsError(
                    f"budgets: {platform}.{unit} is malformed",
                    remedy='Write unit = { most = 500, per = "day" }',
                )
    return limits
