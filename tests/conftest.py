"""What all tests share: free ports, one real broker, and a marker by folder."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from foundation.settings import Settings

ROOT = Path(__file__).parent
FOLDERS = ("unit", "spark", "jobs", "e2e", "faults")

# A developer's own settings must not decide whether a test passes.
for _name in [name for name in os.environ if name.startswith("ECHOSTREAM_")]:
    del os.environ[_name]


def pytest_configure(config):
    for folder in FOLDERS:
        config.addinivalue_line("markers", f"{folder}: everything under tests/{folder}")


def pytest_collection_modifyitems(items):
    for item in items:
        folder = item.path.relative_to(ROOT).parts[0]
        if folder in FOLDERS:
            item.add_marker(folder)


@pytest.fixture
def free_port() -> int:
    """A loopback port that nobody uses at this moment."""
    from local.ports import free_ports

    return free_ports(1)[0]


@pytest.fixture(scope="session")
def broker(tmp_path_factory) -> Iterator[Settings]:
    """A real broker with all topics and a key, in a home of its own; one for the whole session."""
    from local import stack
    from local.ports import free_ports

    port, controller = free_ports(2)
    home = tmp_path_factory.mktemp("broker")
    settings = Settings(home=home, broker={"port": port, "controller_port": controller})
    try:
        stack.up(settings)
        yield settings
    finally:
        stack.down(settings)
        shutil.rmtree(home, ignore_errors=True)
