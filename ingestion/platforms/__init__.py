"""Find the platforms: each file of this folder defines one, as `PLATFORM`."""

from importlib import import_module
from pkgutil import iter_modules

from ingestion.platform import Platform


def _discover() -> dict[str, Platform]:
    names = sorted(module.name for module in iter_modules(__path__))
    return {name: import_module(f"{__name__}.{name}").PLATFORM for name in names}


PLATFORMS = _discover()
