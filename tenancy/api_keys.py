"""Create, find, list and revoke API keys. A key belongs to a tenant, not to a person."""

import hashlib
import hmac
import re
import secrets
import string
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import select, update

from foundation import clock
from foundation.errors import UsageError
from tenancy.database import Database
from tenancy.models import ApiKey

_FORM = re.compile(r"es_([a-z0-9]{8})_([A-Za-z0-9_-]{43})")
_PREFIX_LETTERS = string.ascii_lowercase + string.digits
_PREFIX_LENGTH = 8
_SECRET_BYTES = 32
_MAX_NAME = 200


class Scope(StrEnum):
    """A permission of a key. `admin` includes all others."""

    MENTIONS_READ = "mentions:read"
    SENTIMENT_WRITE = "sentiment:write"
    INGEST_WRITE = "ingest:write"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """A key as it may be shown: without its secret, and without the secret's hash."""

    tenant: str
    key_id: str
    name: str
    prefix: str
    scopes: tuple[Scope, ...]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None


def create_key(
    database: Database,
    tenant: str,
    *,
    name: str,
    scopes: Collection[str],
    expires_in: timedelta | None = None,
) -> tuple[KeyRecord, str]:
    """Create a key. Return its record and the key itself, which cannot be read again.

    >>> record, key = create_key(database, "default", name="web", scopes=["mentions:read"])

    Raises:
        UsageError: the name is empty or too long, or a scope is unknown.
    """
    known = _known(scopes)
    if not name.strip() or len(name) > _MAX_NAME:
        raise UsageError("a key needs a name", remedy=f"Give one of at most {_MAX_NAME} characters")
    prefix = "".join(secrets.choice(_PREFIX_LETTERS) for _ in range(_PREFIX_LENGTH))
    key = f"es_{prefix}_{secrets.token_urlsafe(_SECRET_BYTES)}"
    now = clock.now()
    row = ApiKey(
        tenant_id=tenant,
        key_id=f"key_{secrets.token_hex(16)}",
        name=name.strip(),
        prefix=prefix,
        sha256=_digest(key),
        scopes=[scope.value for scope in known],
        created_at=now,
        expires_at=now + expires_in if expires_in else None,
    )
    with database.writing() as session:
        session.add(row)
        session.flush()
        return _record(row), key


def find_key(database: Database, key: str) -> KeyRecord | None:
    """Return the record of a valid key; None if it is unknown, revoked or expired."""
    form = _FORM.fullmatch(key)
    if form is None:
        return None
    with database.reading() as session:
        row = session.scalar(select(ApiKey).where(ApiKey.prefix == form[1]))
        held = row.sha256 if row else bytes(32)
        if not hmac.compare_digest(held, _digest(key)) or row is None:
            return None
        if row.revoked_at or (row.expires_at and row.expires_at <= clock.now()):
            return None
        return _record(row)


def list_keys(database: Database, tenant: str) -> list[KeyRecord]:
    """Return the tenant's keys, oldest first, including revoked ones."""
    query = select(ApiKey).where(ApiKey.tenant_id == tenant)
    with database.reading() as session:
        return [
            _record(row)
            for row in session.scalars(query.order_by(ApiKey.created_at, ApiKey.key_id))
        ]


def revoke_key(database: Database, tenant: str, key_id: str) -> bool:
    """Revoke a key by its id or prefix. Return False if the tenant has no such key."""
    with database.writing() as session:
        row = session.scalar(
            select(ApiKey).where(
                ApiKey.tenant_id == tenant, (ApiKey.key_id == key_id) | (ApiKey.prefix == key_id)
            )
        )
        if row is None:
            return False
        row.revoked_at = row.revoked_at or clock.now()
        return True


def note_use(database: Database, last_used: Mapping[tuple[str, str], datetime]) -> None:
    """Store when keys were last used, by tenant and the key's id."""
    if not last_used:
        return
    with database.writing() as session:
        for (tenant, key_id), at in last_used.items():
            session.execute(
                update(ApiKey)
                .where(ApiKey.tenant_id == tenant, ApiKey.key_id == key_id)
                .values(last_used_at=at)
            )


def _known(scopes: Collection[str]) -> list[Scope]:
    if not scopes or set(scopes) - set(Scope):
        raise UsageError(
            "a key needs at least one scope, and only known ones",
            remedy=f"Name some of: {', '.join(Scope)}",
        )
    return [scope for scope in Scope if scope in scopes]


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()


def _record(row: ApiKey) -> KeyRecord:
    return KeyRecord(
        tenant=row.tenant_id,
        key_id=row.key_id,
        name=row.name,
        prefix=row.prefix,
        scopes=tuple(Scope(scope) for scope in row.scopes if scope in set(Scope)),
        created_at=row.created_at,
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
        revoked_at=row.revoked_at,
    )
