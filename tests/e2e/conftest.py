"""Give each module a home on the session's broker, with a key, empty topics and an empty lake."""

from collections.abc import Iterator

import pytest

from foundation.settings import Settings
from tests.conftest import INTERPRETED
from tests.support.kafka import new_home


@pytest.fixture(scope="module")
def home(broker, tmp_path_factory, request) -> Iterator[Settings]:
    """Return a home for all tests of a module, which build on each other. `HOME` names it."""
    folder = tmp_path_factory.mktemp("home") / getattr(request.module, "HOME", "home")
    folder.mkdir()
    with new_home(broker, folder, spark={"extra": INTERPRETED}) as settings:
        yield settings
