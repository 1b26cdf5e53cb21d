"""Share one server between the tests of this folder that need no settings of their own."""

import pytest

from tests.support.api import serving


@pytest.fixture(scope="session")
def api(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("api")) as running:
        yield running
