"""Find the simulators of platforms, which serve trials without an account, and tests.

Each file of this folder is one simulator. A simulator follows the platform's documentation and the
shape of recorded answers, which a test compares. It knows nothing of our mappers and readers, which
import-linter checks, so that it does not repeat their mistakes.
"""

from importlib import import_module
from pkgutil import iter_modules

from ingestion.simulators.server.base import Simulator


def _discover() -> dict[str, Simulator]:
    names = sorted(module.name for module in iter_modules(__path__) if not module.ispkg)
    return {name: import_module(f"{__name__}.{name}").SIMULATOR for name in names}


SIMULATORS = _discover()
