"""API keys are shown once, stored as a hash, and belong to one tenant."""

from datetime import timedelta

import pytest

from foundation import clock
from foundation.errors import UsageError
from tenancy.api_keys import (
    Scope,
    create_key,
    find_key,
    list_keys,
    note_use,
    revoke_key,
)
from tenancy.models import ApiKey
from tests.support.clock import BASE

TENANT = "default"


def make(database, **options):
    given = {"name": "test", "scopes": ["sentiment:write"]} | options
    return create_key(database, TENANT, **given)


def test_a_key_is_found_by_itself_and_by_nothing_else(database):
    record, key = make(database)

    assert find_key(database, key) == record
    assert key.startswith(f"es_{record.prefix}_")
    other_end = key[:-1] + ("A" if key[-1] != "A" else "B")
    for wrong in (other_end, key.upper(), key + "x", f"es_{record.prefix}_", record.prefix, ""):
        assert find_key(database, wrong) is None


def test_its_secret_rests_nowhere(database):
    _, key = make(database)

    with database.reading() as session:
        (row,) = session.query(ApiKey).all()
        held = repr(vars(row))
    assert key.rpartition("_")[2] not in held


def test_a_revoked_key_is_as_an_unknown_one(database):
    record, key = make(database)

    assert revoke_key(database, TENANT, record.prefix)
    assert find_key(database, key) is None
    revoked_at = list_keys(database, TENANT)[0].revoked_at
    assert revoke_key(database, TENANT, record.key_id)
    assert list_keys(database, TENANT)[0].revoked_at == revoked_at


def test_another_tenants_key_is_neither_listed_nor_revoked(database):
    record, key = make(database)

    assert list_keys(database, "other") == []
    assert not revoke_key(database, "other", record.key_id)
    assert find_key(database, key)


def test_a_key_ends_by_itself(database, monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: BASE)
    record, key = make(database, expires_in=timedelta(days=30))
    assert record.expires_at == BASE + timedelta(days=30)

    monkeypatch.setattr(clock, "now", lambda: BASE + timedelta(days=30, seconds=-1))
    assert find_key(database, key)
    monkeypatch.setattr(clock, "now", lambda: BASE + timedelta(days=30))
    assert find_key(database, key) is None


def test_the_last_use_is_noted(database):
    record, _ = make(database)

    note_use(database, {(TENANT, record.key_id): BASE, ("other", "unknown"): BASE})
    assert list_keys(database, TENANT)[0].last_used_at == BASE


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({"name": " "}, id="no name"),
        pytest.param({"name": "x" * 201}, id="long name"),
        pytest.param({"scopes": []}, id="no scope"),
        pytest.param({"scopes": ["root"]}, id="unknown scope"),
    ],
)
def test_a_key_needs_a_name_and_known_scopes(database, options):
    with pytest.raises(UsageError):
        make(database, **options)
    assert list_keys(database, TENANT) == []


def test_scopes_come_back_in_one_order(database):
    record, _ = make(database, scopes=["admin", "mentions:read"])

    assert record.scopes == (Scope.MENTIONS_READ, Scope.ADMIN)
