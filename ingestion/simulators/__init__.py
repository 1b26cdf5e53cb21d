"""Simulators of platforms, for trials without an account and for tests.

Each is one file, and this folder is the registry. They know nothing of our mappers and readers,
which import-linter checks. They know only the platforms' documentation and the shape of recorded
answers, which a test compares.
"""

from importlib import import_module
from pkgutil import iter_modules

from ingestion.simulators.server.base import Simulator


def _discover() -> dict[str, Simulator]:
    names = sorted(module.name for module in iter_modules(__path__) if not module.ispkg)
    return {name: import_module(f"{__name__}.{name}").SIMULATOR for name in names}


SIMULATORS = _discover()
