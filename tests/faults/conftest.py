"""Give each module of faults its own local stack."""

from collections.abc import Iterator

import pytest

from foundation.settings import Settings
from ingestion.generator import Rates
from tests.support.kafka import new_stack

# Enough posts that each batch has rows to append, merge, block and quarantine.
RATES = Rates(
    edits=0.10,
    deletes=0.10,
    author_deletes=0.005,
    late=0.08,
    duplicates=0.06,
    bad=0.04,
    unmappable=0.005,
)


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Iterator[Settings]:
    """Return a stack for all tests of a module, which build on each other."""
    with new_stack(tmp_path_factory.mktemp("home")) as settings:
        yield settings
