"""Add up the API's cells, compare the sums with those of another period, and write numbers."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

NOTHING = "\N{EN DASH}"
NARROW = "\N{NARROW NO-BREAK SPACE}"
MINUS = "\N{MINUS SIGN}"
_FEW = 10  # a share of fewer scored posts says nothing
_SAME = 0.0005  # smaller changes count as none


@dataclass(frozen=True, slots=True)
class Totals:
    """The sums of several cells."""

    posts: int = 0
    positive: int = 0
    neutral: int = 0
    negative: int = 0
    mixed: int = 0
    unscored: int = 0

    @property
    def scored(self) -> int:
        """The number of posts with a label."""
        return self.positive + self.neutral + self.negative + self.mixed

    @property
    def net(self) -> float | None:
        """Net sentiment between -1 and 1; None if fewer than ten posts have a label."""
        if self.scored < _FEW:
            return None
        return (self.positive - self.negative) / self.scored

    def share(self, label: str) -> float | None:
        """Return a label's share of the posts with a label, or None if those are fewer than ten."""
        if self.scored < _FEW:
            return None
        return float(getattr(self, label)) / self.scored


_SUMMED = tuple(summed.name for summed in fields(Totals))


def totals(cells: Iterable[Mapping[str, Any]]) -> Totals:
    """Add cells up."""
    sums = dict.fromkeys(_SUMMED, 0)
    for cell in cells:
        for name in _SUMMED:
            sums[name] += cell.get(name) or 0
    return Totals(**sums)


def totals_by(
    cells: Iterable[Mapping[str, Any]], key: Callable[[Mapping[str, Any]], Any]
) -> dict[Any, Totals]:
    """Add cells up by a key, in the order in which its values occur."""
    groups: dict[Any, list[Mapping[str, Any]]] = {}
    for cell in cells:
        groups.setdefault(key(cell), []).append(cell)
    return {name: totals(group) for name, group in groups.items()}


def count(number: float | None) -> str:
    """Write a number, such as 1,234."""
    return NOTHING if number is None else f"{number:,.0f}".replace("-", MINUS)


def percent(share: float | None, *, digits: int = 1) -> str:
    """Write a share, such as 12.3 %, with a narrow space that does not break."""
    if share is None:
        return NOTHING
    return f"{share * 100:.{digits}f}{NARROW}%".replace("-", MINUS)


def points(value: float | None) -> str:
    """Write net sentiment as points between -100 and 100, with its sign."""
    return NOTHING if value is None else f"{value * 100:+.1f}".replace("-", MINUS)


def usd(amount: float | None) -> str:
    """Write an amount of US dollars."""
    return NOTHING if amount is None else f"{amount:,.2f}{NARROW}USD"


@dataclass(frozen=True, slots=True)
class Change:
    """The difference of a figure from that of the period before."""

    text: str
    direction: int  # -1, 0, 1


def relative_change(now: float | None, before: float | None) -> Change | None:
    """Return the change of an amount in percent of the amount before; None if that was zero."""
    if now is None or not before:
        return None
    difference = (now - before) / before
    return Change(percent(abs(difference)), _direction(difference))


def change_in_points(now: float | None, before: float | None) -> Change | None:
    """Return the change of a share or of net sentiment, in points."""
    if now is None or before is None:
        return None
    difference = now - before
    return Change(f"{abs(difference) * 100:.1f}{NARROW}pts", _direction(difference))


def _direction(difference: float) -> int:
    if abs(difference) < _SAME:
        return 0
    return 1 if difference > 0 else -1
