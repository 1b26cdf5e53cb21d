"""Read the filters from a page's address and write them to it, so that a link repeats them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

LAST_DAYS = (1, 7, 14, 30, 90)
DEFAULT_DAYS = 7
# The API accepts times from 1990 to 2200, and pages also ask for the period before.
EARLIEST = date(2005, 1, 1)
LATEST = date(2199, 12, 31)
LONGEST_DAYS = 3660
LABELS = ("positive", "neutral", "negative", "mixed")
_PLATFORM = re.compile(r"[a-z0-9_-]{1,40}")
_LONGEST = 200  # characters of a channel's name in an address


@dataclass(frozen=True, slots=True)
class Filters:
    """The chosen filters. If `first` and `last` are set, both inclusive, `days` is ignored."""

    days: int = DEFAULT_DAYS
    first: date | None = None
    last: date | None = None
    platforms: tuple[str, ...] = ()
    channel: str = ""
    label: str = ""

    @property
    def has_dates(self) -> bool:
        """Whether the period is given by two dates instead of a number of days."""
        return self.first is not None and self.last is not None


def from_address(parameters: Mapping[str, str]) -> Filters:
    """Return the filters in an address. Invalid values are ignored."""
    first = _date(parameters.get("from", ""))
    last = _date(parameters.get("to", ""))
    if first is None or last is None or not 0 <= (last - first).days <= LONGEST_DAYS:
        first = last = None
    days = parameters.get("days", "")
    label = parameters.get("label", "")
    names = parameters.get("platform", "").split(",")
    return Filters(
        days=int(days) if days in map(str, LAST_DAYS) else DEFAULT_DAYS,
        first=first,
        last=last,
        platforms=tuple(sorted({name for name in names if _PLATFORM.fullmatch(name)})),
        channel=parameters.get("channel", "").strip()[:_LONGEST],
        label=label if label in LABELS else "",
    )


def to_address(filters: Filters) -> dict[str, str]:
    """Return the address parameters that repeat the filters, without defaults."""
    named = {
        "days": "" if filters.days == DEFAULT_DAYS else str(filters.days),
        "platform": ",".join(filters.platforms),
        "channel": filters.channel,
        "label": filters.label,
    }
    if filters.first and filters.last:
        named |= {
            "days": "",
            "from": filters.first.isoformat(),
            "to": filters.last.isoformat(),
        }
    return {name: value for name, value in named.items() if value}


def _date(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if EARLIEST <= day <= LATEST else None
