"""Count what each tenant uses. Sums are in memory and go to the database every minute."""

from collections import Counter
from collections.abc import Mapping
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from foundation import clock
from tenancy.database import Database
from tenancy.models import Usage

Used = tuple[str, str, str]  # tenant, day, name


class UsageCounter:
    """Sums that are not in the database yet. Only one thread may use it."""

    def __init__(self) -> None:
        self._sums: Counter[Used] = Counter()

    def add(self, tenant: str, name: str, used: int = 1) -> None:
        """Add to today's sum."""
        self._sums[tenant, clock.now().date().isoformat(), name] += used

    def take(self) -> Counter[Used]:
        """Return the sums and reset them."""
        taken = self._sums
        self._sums = Counter()
        return taken

    def give_back(self, sums: Mapping[Used, int]) -> None:
        """Add sums that could not be written again."""
        self._sums.update(sums)


def write_usage(database: Database, sums: Mapping[Used, int]) -> None:
    """Add sums to those in the database."""
    if not sums:
        return
    database.write(lambda session: _add(session, sums))


def _add(session: Session, sums: Mapping[Used, int]) -> None:
    for (tenant, day, name), used in sorted(sums.items()):
        row = session.get(Usage, (tenant, day, name), with_for_update=True)
        if row is None:
            session.add(Usage(tenant_id=tenant, day=day, name=name, used=used))
            session.flush()
        else:
            row.used += used


def usage_of(database: Database, tenant: str, day: date) -> dict[str, int]:
    """Return a tenant's usage on a day, by name, such as `texts`."""
    query = select(Usage.name, Usage.used).where(
        Usage.tenant_id == tenant, Usage.day == day.isoformat()
    )
    with database.reading() as session:
        return {row.name: row.used for row in session.execute(query)}
