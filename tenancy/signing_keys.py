"""Make and return a tenant's random secrets, which sign cursors and references."""

import secrets

from sqlalchemy.orm import Session

from foundation import clock
from tenancy.database import Database
from tenancy.models import SigningKey

_BYTES = 32


def signing_key(database: Database, tenant: str, name: str) -> bytes:
    """Return the tenant's secret with a name such as `cursor`; make it if there is none."""
    with database.reading() as session:
        if found := session.get(SigningKey, (tenant, name)):
            return found.secret
    return database.write(lambda session: _made(session, tenant, name))


def _made(session: Session, tenant: str, name: str) -> bytes:
    if found := session.get(SigningKey, (tenant, name)):
        return found.secret  # another process has made it meanwhile
    made = SigningKey(
        tenant_id=tenant, name=name, secret=secrets.token_bytes(_BYTES), created_at=clock.now()
    )
    session.add(made)
    session.flush()
    return made.secret
