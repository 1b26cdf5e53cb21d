"""Store answers of requests, so that a repeated request gets the answer of the first one."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, delete, update
from sqlalchemy.orm import Session

from foundation import clock
from tenancy.database import Database
from tenancy.models import Idempotency

KEEP = timedelta(hours=24)
# A process that was killed leaves its claim. After this time the request may be tried again.
CLAIM = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Key:
    """The identity of a request: the tenant, the client's key, and the route."""

    tenant: str
    key: str
    route: str


@dataclass(frozen=True, slots=True)
class Stored:
    """A stored answer."""

    status: int
    headers: dict[str, str]
    body: bytes


class InFlightError(Exception):
    """Raised while a request with this key is being carried out."""


class OtherBodyError(Exception):
    """Raised if the key was used with another body."""


def claim(database: Database, key: Key, body_hash: bytes) -> Stored | None:
    """Claim a key and return None, or return the answer if the request was carried out before.

    Raises:
        InFlightError: the request is being carried out.
        OtherBodyError: the key was used with another body.
    """
    return database.write(lambda session: _claim(session, key, body_hash))


def _claim(session: Session, key: Key, body_hash: bytes) -> Stored | None:
    now = clock.now()
    session.execute(delete(Idempotency).where(Idempotency.expires_at <= now))
    held = session.get(Idempotency, (key.tenant, key.key, key.route))
    if held is None:
        session.add(
            Idempotency(
                tenant_id=key.tenant,
                key=key.key,
                route=key.route,
                body_hash=body_hash,
                expires_at=now + CLAIM,
            )
        )
        session.flush()
        return None
    if held.body_hash != body_hash:
        raise OtherBodyError
    if held.status is None:
        raise InFlightError
    return Stored(held.status, dict(held.headers or {}), held.body or b"")


def settle(database: Database, key: Key, answer: Stored) -> None:
    """Store the answer for repeated requests, for 24 hours."""
    with database.writing() as session:
        session.execute(
            update(Idempotency)
            .where(*_named(key))
            .values(
                status=answer.status,
                headers=answer.headers,
                body=answer.body,
                expires_at=clock.now() + KEEP,
            )
        )


def release(database: Database, key: Key) -> None:
    """Give up a claim, so that the request can be tried again."""
    with database.writing() as session:
        session.execute(delete(Idempotency).where(*_named(key), Idempotency.status.is_(None)))


def _named(key: Key) -> tuple[ColumnElement[bool], ...]:
    return (
        Idempotency.tenant_id == key.tenant,
        Idempotency.key == key.key,
        Idempotency.route == key.route,
    )
