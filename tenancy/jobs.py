"""Store jobs: their tenant, their progress and the worker that has them.

A worker leases a job and renews the lease while it works. It records each chunk in one transaction
after the chunk's results are on disk. Only the holder of the lease may do so. If a worker is
killed, another one continues with the chunk that was not recorded.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Literal

from sqlalchemy import ColumnElement, Select, and_, case, delete, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from foundation import clock
from tenancy.database import Database
from tenancy.models import Job as Row

Form = Literal["csv", "json", "jsonl"]
MAX_ATTEMPTS = 5  # at one chunk; its workers seem to be killed by it
MOST_AT_ONCE = 2  # jobs of one tenant that workers have
_MESSAGE_CHARS = 500


class JobStatus(StrEnum):
    """The states of a job, named as in Amazon Comprehend, and EXPIRED."""

    SUBMITTED = "SUBMITTED"
    IN_PROGRESS = "IN_PROGRESS"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    STOP_REQUESTED = "STOP_REQUESTED"
    STOPPED = "STOPPED"
    EXPIRED = "EXPIRED"


OPEN = (JobStatus.SUBMITTED, JobStatus.IN_PROGRESS, JobStatus.STOP_REQUESTED)
_LEASABLE = (JobStatus.IN_PROGRESS, JobStatus.STOP_REQUESTED)
_ENDED = (JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.STOPPED)


@dataclass(frozen=True, slots=True)
class Job:
    """A job and its progress."""

    tenant: str
    job_id: str
    status: JobStatus
    form: Form
    sanitise: bool
    submitted_at: datetime
    ended_at: datetime | None
    expires_at: datetime | None
    offset: int  # of the next chunk in the input, in bytes
    line: int  # of the next chunk in the input, from 1
    chunks: int  # recorded so far
    read: int
    scored: int
    failed: int
    attempts: int
    lease: str | None
    message: str | None


_AS_STORED = tuple(field.name for field in fields(Job) if field.name not in ("tenant", "status"))


@dataclass(frozen=True, slots=True)
class Step:
    """A chunk on disk: the offset and line after it, and the numbers of its rows."""

    offset: int
    line: int
    read: int
    scored: int
    failed: int


def new_job_id() -> str:
    """Return an id that nobody can guess."""
    return f"job_{secrets.token_hex(16)}"


def create(database: Database, tenant: str, job_id: str, *, form: Form, sanitise: bool) -> Job:
    """Create a job after its input was written to disk."""
    now = clock.now()
    row = Row(
        tenant_id=tenant,
        job_id=job_id,
        status=JobStatus.SUBMITTED,
        form=form,
        sanitise=sanitise,
        submitted_at=now,
        queued_at=now,
        offset=0,
        line=1,
        chunks=0,
        read=0,
        scored=0,
        failed=0,
        attempts=0,
    )
    with database.writing() as session:
        session.add(row)
        session.flush()
        return _job(row)


def find(database: Database, tenant: str, job_id: str) -> Job | None:
    """Return a tenant's job, or None if there is none with this id."""
    with database.reading() as session:
        row = session.get(Row, (tenant, job_id))
        return _job(row) if row else None


def newest(database: Database, tenant: str, limit: int) -> list[Job]:
    """Return a tenant's newest jobs, newest first."""
    query = (
        select(Row)
        .where(Row.tenant_id == tenant)
        .order_by(Row.submitted_at.desc(), Row.job_id)
        .limit(limit)
    )
    with database.reading() as session:
        return [_job(row) for row in session.scalars(query)]


def count_open(database: Database, tenant: str) -> int:
    """Return the number of a tenant's jobs that have not ended."""
    query = select(func.count()).where(Row.tenant_id == tenant, Row.status.in_(OPEN))
    with database.reading() as session:
        return session.scalar(query) or 0


def cancel(database: Database, tenant: str, job_id: str, *, keep: timedelta) -> Job | None:
    """Stop a job: at once if no worker has it, otherwise when its worker notices."""
    now = clock.now()
    with database.writing() as session:
        row = _locked(session, tenant, job_id)
        if row is None:
            return None
        if row.status == JobStatus.SUBMITTED or (
            row.status in _LEASABLE and _is_past(row.lease_until, now)
        ):
            _end(row, JobStatus.STOPPED, None, now, keep)
        elif row.status == JobStatus.IN_PROGRESS:
            row.status = JobStatus.STOP_REQUESTED
        return _job(row)


def retry(database: Database, tenant: str, job_id: str) -> Job | None:
    """Queue a job that has failed or was stopped again, to continue where it stopped.

    Other jobs do not change, expired ones included, since their input may be deleted.
    """
    now = clock.now()
    with database.writing() as session:
        row = _locked(session, tenant, job_id)
        if row is None:
            return None
        if row.status in (JobStatus.FAILED, JobStatus.STOPPED) and not _is_over(row, now):
            row.status = JobStatus.SUBMITTED
            row.queued_at = now
            row.ended_at = None
            row.expires_at = None
            row.message = None
            row.attempts = 0
        return _job(row)


def remove(database: Database, tenant: str, job_id: str) -> bool:
    """Delete a job. A worker that has it can then no longer renew its lease."""
    query = delete(Row).where(Row.tenant_id == tenant, Row.job_id == job_id).returning(Row.job_id)
    with database.writing() as session:
        return session.scalar(query) is not None


def claim(database: Database, *, lease_for: timedelta) -> Job | None:
    """Lease the next job, or return None if none waits.

    Tenants with the fewest jobs in work come first, then the jobs that have waited longest. No
    other worker gets the job before the lease has run out.
    """
    now = clock.now()
    with database.writing() as session:
        row = session.scalar(_next(now))
        if row is None:
            return None
        row.lease = secrets.token_hex(16)
        row.lease_until = now + lease_for
        row.attempts += 1
        if row.status == JobStatus.SUBMITTED:
            row.status = JobStatus.IN_PROGRESS
        session.flush()
        return _job(row)


def _next(now: datetime) -> Select[Row]:
    other = aliased(Row)
    at_work = (
        select(func.count())
        .where(
            other.tenant_id == Row.tenant_id, other.status.in_(_LEASABLE), other.lease_until > now
        )
        .correlate(Row)
        .scalar_subquery()
    )
    return (
        select(Row)
        .where(_waits(now), at_work < MOST_AT_ONCE)
        .order_by(at_work, Row.queued_at, Row.job_id)
        .limit(1)
        .with_for_update(skip_locked=True, of=Row)
    )


def _waits(now: datetime) -> ColumnElement[bool]:
    is_left = or_(Row.lease_until.is_(None), Row.lease_until <= now)
    return or_(Row.status == JobStatus.SUBMITTED, and_(Row.status.in_(_LEASABLE), is_left))


def is_any_waiting(database: Database) -> bool:
    """Tell whether a job waits for a worker."""
    query = select(Row.job_id).where(_waits(clock.now())).limit(1)
    with database.reading() as session:
        return session.scalar(query) is not None


def renew(database: Database, job: Job, *, lease_for: timedelta) -> JobStatus | None:
    """Extend a lease and return the job's status; None if another worker has the lease."""
    query = (
        update(Row)
        .where(*_held(job))
        .values(lease_until=clock.now() + lease_for)
        .returning(Row.status)
    )
    with database.writing() as session:
        status = session.scalar(query)
        return JobStatus(status) if status else None


def advance(database: Database, job: Job, step: Step, *, lease_for: timedelta) -> Job | None:
    """Record a chunk that is on disk and return the job; None if another worker has the lease."""
    with database.writing() as session:
        row = session.scalar(select(Row).where(*_held(job)).with_for_update())
        if row is None or row.chunks != job.chunks:
            return None
        row.offset = step.offset
        row.line = step.line
        row.chunks += 1
        row.read += step.read
        row.scored += step.scored
        row.failed += step.failed
        row.attempts = 1
        row.lease_until = clock.now() + lease_for
        session.flush()
        return _job(row)


def finish(
    database: Database, job: Job, status: JobStatus, *, keep: timedelta, message: str | None = None
) -> Job | None:
    """End a job and return it; None if another worker has the lease."""
    with database.writing() as session:
        row = session.scalar(select(Row).where(*_held(job)).with_for_update())
        if row is None:
            return None
        _end(row, status, message, clock.now(), keep)
        session.flush()
        return _job(row)


def release(database: Database, job: Job) -> None:
    """Give up a lease and put the job at the end of the queue."""
    query = (
        update(Row)
        .where(*_held(job))
        .values(
            lease=None,
            lease_until=None,
            queued_at=clock.now(),
            attempts=case((Row.attempts > 0, Row.attempts - 1), else_=0),
        )
    )
    with database.writing() as session:
        session.execute(query)


def expired(database: Database, limit: int) -> list[tuple[str, str]]:
    """Return tenant and id of jobs that have expired and whose files may still exist."""
    query = (
        select(Row.tenant_id, Row.job_id)
        .where(Row.status.in_(_ENDED), Row.expires_at <= clock.now())
        .order_by(Row.expires_at)
        .limit(limit)
    )
    with database.reading() as session:
        return [(row.tenant_id, row.job_id) for row in session.execute(query)]


def mark_expired(database: Database, gone: Sequence[tuple[str, str]]) -> None:
    """Record that the files of expired jobs, given by tenant and id, are deleted."""
    with database.writing() as session:
        for tenant, job_id in gone:
            session.execute(
                update(Row)
                .where(Row.tenant_id == tenant, Row.job_id == job_id)
                .values(status=JobStatus.EXPIRED)
            )


def forget(database: Database, *, after: timedelta) -> None:
    """Delete the rows of jobs that expired that long ago and whose files are deleted."""
    with database.writing() as session:
        session.execute(
            delete(Row).where(
                Row.status == JobStatus.EXPIRED, Row.expires_at <= clock.now() - after
            )
        )


def known_ids(database: Database, job_ids: Sequence[str]) -> set[str]:
    """Return those of the ids that belong to jobs."""
    with database.reading() as session:
        return set(session.scalars(select(Row.job_id).where(Row.job_id.in_(job_ids))))


def _locked(session: Session, tenant: str, job_id: str) -> Row | None:
    return session.get(Row, (tenant, job_id), with_for_update=True)


def _held(job: Job) -> tuple[ColumnElement[bool], ...]:
    return (
        Row.tenant_id == job.tenant,
        Row.job_id == job.job_id,
        Row.lease == job.lease,
        Row.status.in_(_LEASABLE),
    )


def _is_over(row: Row, now: datetime) -> bool:
    return row.expires_at is not None and row.expires_at <= now


def _is_past(moment: datetime | None, now: datetime) -> bool:
    return moment is None or moment <= now


def _end(row: Row, status: JobStatus, message: str | None, now: datetime, keep: timedelta) -> None:
    row.status = status
    row.ended_at = now
    row.expires_at = now + keep
    row.lease = None
    row.lease_until = None
    row.message = message[:_MESSAGE_CHARS] if message else None


def _job(row: Row) -> Job:
    stored: dict[str, Any] = {name: getattr(row, name) for name in _AS_STORED}
    status = JobStatus.EXPIRED if _is_over(row, clock.now()) else JobStatus(row.status)
    return Job(tenant=row.tenant_id, status=status, **stored)
