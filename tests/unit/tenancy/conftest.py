"""Run tests on SQLite and, if a server is installed, on PostgreSQL."""

import pytest

from tenancy.database import Database
from tests.support.postgres import new_postgres


@pytest.fixture(scope="session")
def postgres():
    with new_postgres() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request, tmp_path):
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/control/control.db"
    server = request.getfixturevalue("postgres")
    schema = f"t{abs(hash(request.node.name)):x}"
    server.run(f"CREATE SCHEMA {schema}")
    return server.address(schema)


@pytest.fixture
def database(address):
    opened = Database(address)
    yield opened
    opened.close()
