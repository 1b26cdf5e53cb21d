"""Query parameters that several routes share. Commas separate the values of a list.

Unknown parameters are refused: a misspelt filter would otherwise filter nothing.
"""

from datetime import UTC, date, datetime
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

_MAX_VALUES = 50
_MAX_CHARS = 2_000
_EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
_LATEST = datetime(2200, 1, 1, tzinfo=UTC)


def _in_utc(value: datetime) -> datetime:
    """Return a time in UTC. A time without a zone counts as UTC."""
    aware = value if value.tzinfo else value.replace(tzinfo=UTC)
    if not date(1989, 12, 31) <= aware.date() <= date(2200, 1, 2):
        raise ValueError
    return min(max(aware.astimezone(UTC), _EARLIEST), _LATEST)


Moment = Annotated[datetime, AfterValidator(_in_utc)]


def _not_too_many(text: str) -> str:
    if len(listed(text)) > _MAX_VALUES:
        raise ValueError
    return text


Listed = Annotated[str, Field(max_length=_MAX_CHARS), AfterValidator(_not_too_many)]


class Span(BaseModel):
    """A period and filters. The period includes `from` and excludes `to`."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    since: Annotated[Moment | None, Field(alias="from")] = None
    until: Annotated[Moment | None, Field(alias="to")] = None
    platform: Listed = ""
    channel: Listed = ""

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Self:
        if self.since and self.until and self.since >= self.until:
            raise ValueError("from is not before to")
        return self


def listed(text: str) -> tuple[str, ...]:
    """Return the distinct values of a comma-separated list, sorted."""
    return tuple(sorted({value.strip() for value in text.split(",")} - {""}))
