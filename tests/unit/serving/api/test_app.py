"""The API does its work of each minute beside its answers."""

import asyncio
from datetime import UTC, datetime

import pytest

from foundation import clock
from foundation.errors import ControlPlaneUnreachableError
from foundation.settings import Settings
from serving.api.app import create_app, create_services, keep_up
from serving.jobs.files import JobFiles
from tenancy import jobs
from tenancy.usage import usage_of
from tests.support.clock import BASE


@pytest.fixture
def services(tmp_path):
    made = create_services(Settings(home=tmp_path))
    yield made
    made.scoring.close()
    made.lake.close()
    made.database.close()
    made.access_log.close()


def failing(*_):
    raise ControlPlaneUnreachableError("away", remedy="none")


def test_files_of_expired_jobs_go_where_no_worker_runs_too(services):
    files = JobFiles(services.settings.home)
    job_id = jobs.new_job_id()
    files.make(job_id).write_bytes(b"a text")
    jobs.create(services.database, "default", job_id, form="jsonl", sanitise=True)
    with services.database.writing() as session:
        row = session.get(jobs.Row, ("default", job_id))
        row.status = "STOPPED"
        row.expires_at = datetime(2026, 1, 1, tzinfo=UTC)
    asyncio.run(keep_up(services))
    assert not files.folder(job_id).exists()


def test_what_fails_keeps_nothing_else_from_being_done(services, monkeypatch):
    def broken():
        raise ZeroDivisionError

    monkeypatch.setattr(services.lake, "refresh_policies", broken)
    monkeypatch.setattr(clock, "now", lambda: BASE)
    services.usage.add("default", "texts", 3)
    asyncio.run(keep_up(services))
    assert usage_of(services.database, "default", BASE.date()) == {"texts": 3}


def test_usage_is_counted_once_where_the_use_of_keys_cannot_be_noted(services, monkeypatch):
    monkeypatch.setattr(services.authenticator, "flush", failing)
    monkeypatch.setattr(clock, "now", lambda: BASE)
    services.usage.add("default", "texts", 3)
    asyncio.run(keep_up(services))
    asyncio.run(keep_up(services))
    assert usage_of(services.database, "default", BASE.date()) == {"texts": 3}


def test_what_cannot_be_loaded_ends_the_server_whatever_it_is(services):
    def broken():
        raise ZeroDivisionError

    services.scoring.load = broken
    app = create_app(services)

    async def started():
        async with app.router.lifespan_context(app):
            for _ in range(10_000):
                if services.failure or services.is_loaded.is_set():
                    return
                await asyncio.sleep(0.001)

    asyncio.run(started())
    assert isinstance(services.failure, ZeroDivisionError)
