from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from tenancy import jobs
from tenancy.jobs import JobStatus, Step

LEASE = timedelta(seconds=30)
KEEP = timedelta(hours=24)
STEP = Step(offset=100, line=11, read=10, scored=9, failed=1)


@pytest.fixture
def time(monkeypatch):
    """Return a clock that only the test moves."""
    now = [datetime(2026, 11, 30, 12, tzinfo=UTC)]
    monkeypatch.setattr("tenancy.jobs.clock.now", lambda: now[0])

    def forward(**by):
        now[0] += timedelta(**by)

    return forward


def make(database, tenant="default", job_id=None):
    return jobs.create(database, tenant, job_id or jobs.new_job_id(), form="csv", sanitise=True)


def claim(database):
    return jobs.claim(database, lease_for=LEASE)


def status(database, job):
    return jobs.find(database, job.tenant, job.job_id).status


def test_a_job_is_leased_once_and_again_when_its_worker_is_silent_for_long(database, time):
    made = make(database)
    first = claim(database)
    assert (first.job_id, first.status, first.attempts) == (made.job_id, "IN_PROGRESS", 1)
    assert claim(database) is None
    time(seconds=20)
    assert jobs.renew(database, first, lease_for=LEASE) == "IN_PROGRESS"
    time(seconds=20)
    assert claim(database) is None
    time(seconds=11)
    second = claim(database)
    assert (second.job_id, second.attempts) == (made.job_id, 2)
    assert jobs.renew(database, first, lease_for=LEASE) is None
    assert jobs.advance(database, first, STEP, lease_for=LEASE) is None
    assert jobs.finish(database, first, JobStatus.COMPLETED, keep=KEEP) is None
    assert status(database, made) == "IN_PROGRESS"


def test_a_chunk_moves_the_job_on_once_and_its_worker_is_not_blamed_for_others(database, time):
    make(database)
    claim(database)
    time(seconds=31)
    job = claim(database)
    following = jobs.advance(database, job, STEP, lease_for=LEASE)
    assert (following.offset, following.line, following.chunks) == (100, 11, 1)
    assert (following.read, following.scored, following.failed) == (10, 9, 1)
    assert following.attempts == 1
    assert jobs.advance(database, job, STEP, lease_for=LEASE) is None, "the same chunk twice"
    ended = jobs.finish(database, following, JobStatus.COMPLETED, keep=KEEP)
    assert (ended.status, ended.read, ended.lease) == ("COMPLETED", 10, None)
    assert ended.expires_at - ended.ended_at == KEEP
    assert claim(database) is None


def test_a_lease_that_is_given_back_is_taken_at_once_and_counts_no_attempt(database, time):
    make(database)
    jobs.release(database, claim(database))
    assert claim(database).attempts == 1


def test_many_workers_at_once_never_get_the_same_job(database):
    made = {make(database).job_id for _ in range(2)}
    with ThreadPoolExecutor(8) as workers:
        leased = [job for job in workers.map(lambda _: claim(database), range(8)) if job]
    assert len(leased) == len(made)
    assert {job.job_id for job in leased} == made


def test_tenants_take_turns_and_none_has_more_than_two_jobs_at_work(database, time, other_tenant):
    for _ in range(3):
        make(database)
        time(seconds=1)
    late = make(database, other_tenant)
    leased = [claim(database) for _ in range(4)]
    assert [job.tenant if job else None for job in leased] == [
        "default",
        other_tenant,
        "default",
        None,
    ]
    assert leased[1].job_id == late.job_id


@pytest.fixture
def other_tenant(database):
    from tenancy.models import Tenant

    with database.writing() as session:
        session.add(
            Tenant(tenant_id="other", name="other", created_at=datetime(2026, 1, 1, tzinfo=UTC))
        )
    return "other"


def test_cancelling_ends_what_waits_and_asks_who_works(database, time):
    waiting = make(database)
    assert jobs.cancel(database, "default", waiting.job_id, keep=KEEP).status == "STOPPED"
    working = make(database)
    job = claim(database)
    assert jobs.cancel(database, "default", working.job_id, keep=KEEP).status == "STOP_REQUESTED"
    assert jobs.renew(database, job, lease_for=LEASE) == "STOP_REQUESTED"
    assert jobs.finish(database, job, JobStatus.STOPPED, keep=KEEP).status == "STOPPED"
    assert jobs.cancel(database, "default", working.job_id, keep=KEEP).status == "STOPPED"
    assert jobs.cancel(database, "default", "job_none", keep=KEEP) is None


def test_a_job_whose_worker_died_is_stopped_by_who_asks_or_by_the_next_worker(database, time):
    dead = make(database)
    claim(database)
    time(seconds=31)
    assert jobs.cancel(database, "default", dead.job_id, keep=KEEP).status == "STOPPED"
    asked = make(database)
    claim(database)
    jobs.cancel(database, "default", asked.job_id, keep=KEEP)
    time(seconds=31)
    assert claim(database).status == "STOP_REQUESTED"


@pytest.mark.parametrize("end", [JobStatus.FAILED, JobStatus.STOPPED])
def test_a_job_that_did_not_end_well_may_go_on_where_it_was(database, time, end):
    make(database)
    job = jobs.advance(database, claim(database), STEP, lease_for=LEASE)
    jobs.finish(database, job, end, keep=KEEP, message="disk_full")
    again = jobs.retry(database, "default", job.job_id)
    assert (again.status, again.message, again.expires_at) == ("SUBMITTED", None, None)
    assert (again.offset, again.chunks, again.read) == (100, 1, 10)
    assert claim(database).offset == 100


def test_a_job_that_ended_well_is_not_done_again(database, time):
    make(database)
    job = claim(database)
    jobs.finish(database, job, JobStatus.COMPLETED, keep=KEEP)
    assert jobs.retry(database, "default", job.job_id).status == "COMPLETED"
    assert jobs.retry(database, "default", "job_none") is None


def test_results_expire_and_jobs_are_forgotten_once_their_files_are_gone(database, time):
    job = make(database)
    name = ("default", job.job_id)
    jobs.finish(database, claim(database), JobStatus.COMPLETED, keep=KEEP)
    assert jobs.expired(database, 10) == []
    time(hours=24)
    assert status(database, job) == "EXPIRED", "also where nobody has tidied up"
    assert jobs.expired(database, 10) == [name]
    assert jobs.expired(database, 10) == [name], "until somebody says that its files are gone"
    time(hours=24)
    jobs.forget(database, after=KEEP)
    assert status(database, job) == "EXPIRED"
    jobs.mark_expired(database, [name])
    assert jobs.expired(database, 10) == []
    jobs.forget(database, after=KEEP)
    assert jobs.find(database, "default", job.job_id) is None


def test_the_first_to_expire_come_first(database, time):
    made = []
    for _ in range(3):
        made.append(("default", make(database).job_id))
        jobs.finish(database, claim(database), JobStatus.COMPLETED, keep=KEEP)
        time(seconds=1)
    time(hours=24)
    assert jobs.expired(database, 2) == made[:2]


@pytest.mark.parametrize("end", [JobStatus.FAILED, JobStatus.STOPPED])
def test_a_job_that_has_expired_does_not_go_on_since_its_input_may_be_gone(database, time, end):
    job = make(database)
    jobs.finish(database, claim(database), end, keep=KEEP)
    time(hours=24)
    assert jobs.retry(database, "default", job.job_id).status == "EXPIRED"
    assert claim(database) is None
    assert jobs.expired(database, 10) == [("default", job.job_id)]


def test_another_tenant_s_job_is_none(database, time, other_tenant):
    job = make(database)
    assert jobs.find(database, other_tenant, job.job_id) is None
    assert jobs.newest(database, other_tenant, 10) == []
    assert jobs.cancel(database, other_tenant, job.job_id, keep=KEEP) is None
    assert jobs.retry(database, other_tenant, job.job_id) is None
    assert not jobs.remove(database, other_tenant, job.job_id)
    assert jobs.count_open(database, other_tenant) == 0
    assert status(database, job) == "SUBMITTED"


def test_the_newest_come_first_and_a_deleted_one_is_gone_for_its_worker_too(database, time):
    made = []
    for _ in range(3):
        made.append(make(database).job_id)
        time(seconds=1)
    assert [job.job_id for job in jobs.newest(database, "default", 2)] == made[:0:-1]
    assert jobs.known_ids(database, [*made, "job_none"]) == {*made}
    job = claim(database)
    assert jobs.remove(database, "default", job.job_id)
    assert jobs.renew(database, job, lease_for=LEASE) is None
    assert jobs.count_open(database, "default") == 2
