"""A local stack of one's own: a broker, a key, an empty lake."""

from collections.abc import Iterator

import pytest

from foundation.settings import Settings
from tests.conftest import INTERPRETED
from tests.support.kafka import new_stack


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Iterator[Settings]:
    """For all tests of a module, which go on from one another."""
    with new_stack(tmp_path_factory.mktemp("home"), spark={"extra": INTERPRETED}) as settings:
        yield settings
