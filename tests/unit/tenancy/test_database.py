"""The first process creates or migrates the control plane's database."""

import sqlite3
import stat
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from foundation.errors import ControlPlaneError, ControlPlaneUnreachableError, SettingsError
from local.host.ports import free_ports
from tenancy import database as module
from tenancy.database import HEAD, Database
from tenancy.models import Base, Tenant
from tenancy.signing_keys import signing_key
from tenancy.tenants import is_alone
from tests.support.clock import BASE


def test_the_migrations_make_the_models_tables(database):
    with database.reading() as session:
        context = MigrationContext.configure(session.connection(), opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_the_newest_migration_is_the_one_that_is_asked_for():
    assert ScriptDirectory(str(module._MIGRATIONS)).get_heads() == [HEAD]


def test_who_is_alone_has_the_tenant_default(database):
    assert is_alone(database)


def test_processes_that_start_together_make_the_tables_once(address):
    barrier = threading.Barrier(6)

    def start(_number):
        one = Database(address)
        barrier.wait()
        try:
            return signing_key(one, "default", "cursor")
        finally:
            one.close()

    with ThreadPoolExecutor(6) as pool:
        keys = set(pool.map(start, range(6)))
    assert len(keys) == 1
    assert len(keys.pop()) == 32


def test_a_slow_first_start_is_awaited_longer_than_sqlite_waits(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_PATIENCE_S", 0)
    upgrade = module._upgrade
    is_held = threading.Event()
    has_ended = threading.Event()  # the second one: it is not to end, so this takes the time-out

    def slow(connection):
        is_held.set()
        has_ended.wait(0.3)
        upgrade(connection)

    monkeypatch.setattr(module, "_upgrade", slow)
    address = f"sqlite:///{tmp_path}/control/control.db"
    first, second = Database(address), Database(address)
    with ThreadPoolExecutor(2) as pool:
        one = pool.submit(first.prepare)
        assert is_held.wait(30)
        two = pool.submit(second.prepare)
        two.add_done_callback(lambda _: has_ended.set())
        assert one.result() is None
        assert two.result() is None
    first.close()
    second.close()


def test_signing_keys_differ_by_name(database):
    cursor = signing_key(database, "default", "cursor")

    assert signing_key(database, "default", "post_ref") != cursor
    assert signing_key(database, "default", "cursor") == cursor


def test_a_write_that_fails_leaves_nothing(database):
    def work(session):
        session.add(Tenant(tenant_id="other", name="other", created_at=BASE))
        session.flush()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        database.write(work)
    assert is_alone(database)


def test_the_file_is_its_owners_alone(tmp_path):
    database = Database(f"sqlite:///{tmp_path}/control/control.db")
    database.prepare()

    for name in ("control.db", "control.db-wal"):
        file = tmp_path / "control" / name
        assert not file.exists() or stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "control").stat().st_mode) == 0o700
    database.close()


def test_tables_of_a_newer_version_are_refused(tmp_path):
    address = f"sqlite:///{tmp_path}/control.db"
    made = Database(address)
    made.prepare()
    made.close()
    with sqlite3.connect(tmp_path / "control.db") as sql:
        sql.execute("UPDATE alembic_version SET version_num = '9999'")
    sql.close()

    with pytest.raises(ControlPlaneError, match="newer version"):
        Database(address).prepare()


def test_a_server_that_is_away_is_named_without_its_password(tmp_path):
    away = Database(f"postgresql://user:canary@127.0.0.1:{free_ports(1)[0]}/none")

    with pytest.raises(ControlPlaneUnreachableError) as raised:
        is_alone(away)
    assert "canary" not in str(raised.value)
    assert raised.value.__cause__ is None


def test_a_server_that_comes_back_is_used_again(postgres):
    database = Database(postgres.address("public"))
    assert is_alone(database)
    postgres.stop()
    try:
        with pytest.raises(ControlPlaneUnreachableError):
            is_alone(database)
    finally:
        postgres.start()
    assert is_alone(database)
    database.close()


@pytest.mark.parametrize("address", ["mysql://a@b/c", "sqlite://", "canary", "sqlite:///"])
def test_another_address_is_refused_and_not_quoted(address):
    with pytest.raises(SettingsError) as raised:
        Database(address)
    assert "canary" not in str(raised.value)
