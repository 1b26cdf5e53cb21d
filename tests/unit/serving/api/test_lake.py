"""A caller sees only its own part of the lake."""

import pytest

from foundation.settings import Settings
from serving.api.auth import Caller
from serving.api.lake import Lake
from tenancy.api_keys import Scope


@pytest.mark.parametrize(
    ("tenant", "owners"),
    [("default", ("acme", "default", "public")), ("other", ("other", "public"))],
)
def test_a_tenant_sees_what_is_public_and_its_own_rows_alone(tmp_path, tenant, owners):
    lake = Lake(Settings(home=tmp_path, owner="acme"))
    viewer = lake.viewer(Caller(tenant, frozenset({Scope.MENTIONS_READ})))
    lake.close()
    assert viewer.owners == owners
