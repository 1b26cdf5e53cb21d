"""Callers are identified by key."""

import asyncio

import pytest

from foundation.settings import Settings
from serving.api import auth
from serving.api.auth import Authenticator
from serving.api.problems import ProblemError
from tenancy.api_keys import Scope, create_key, revoke_key
from tenancy.database import Database


@pytest.fixture
def database(tmp_path):
    made = Database(Settings(home=tmp_path).control_database)
    yield made
    made.close()


def test_a_key_that_is_revoked_while_it_is_looked_up_is_refused_at_once(
    database, tmp_path, monkeypatch
):
    record, key = create_key(database, "default", name="test", scopes=[Scope.MENTIONS_READ])
    known = Authenticator(database, Settings(home=tmp_path).api)
    headers = {b"authorization": f"Bearer {key}".encode()}
    real = auth.find_key

    def revoked_meanwhile(*given):
        found = real(*given)
        revoke_key(database, "default", record.key_id)
        known.forget()
        return found

    monkeypatch.setattr(auth, "find_key", revoked_meanwhile)
    asyncio.run(known.caller(headers, may_be_keyless=False))
    monkeypatch.undo()
    with pytest.raises(ProblemError) as refused:
        asyncio.run(known.caller(headers, may_be_keyless=False))
    assert refused.value.status_code == 401
