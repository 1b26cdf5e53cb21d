"""Random secrets of a tenant, made when they are first asked for."""

import secrets

from sqlalchemy.orm import Session

from foundation import clock
from tenancy.database import Database
from tenancy.models import SigningKey

_BYTES = 32


def signing_key(database: Database, tenant: str, name: str) -> bytes:
    """Return the tenant's secret of that name, as `cursor` or `post_ref`; always the same one."""
    with database.reading() as session:
        if found := session.get(SigningKey, (tenant, name)):
            return found.secret
    return database.write(lambda session: _made(session, tenant, name))


def _made(session: Session, tenant: str, name: str) -> bytes:
    if found := session.get(SigningKey, (tenant, name)):
        return found.secret  # another process was faster
    made = SigningKey(
        tenant_id=tenant, name=name, secret=secrets.token_bytes(_BYTES), created_at=clock.now()
    )
    session.add(made)
    session.flush()
    return made.secret
