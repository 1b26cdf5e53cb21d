"""Count tenants. An installation with one tenant uses `default` and never shows the word."""

from sqlalchemy import select

from tenancy.database import Database
from tenancy.models import Tenant

DEFAULT_TENANT = "default"


def is_alone(database: Database) -> bool:
    """Tell whether `default` is the only tenant."""
    query = select(Tenant.tenant_id).where(Tenant.deleted_at.is_(None)).limit(2)
    with database.reading() as session:
        return list(session.scalars(query)) == [DEFAULT_TENANT]
