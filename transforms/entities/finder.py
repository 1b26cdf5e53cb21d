"""Load the entity finder that the settings name."""

from collections.abc import Callable
from functools import cache
from importlib import import_module

from foundation.errors import SettingsError
from transforms.entities.entity import EntityFinder, EntityOptions


def _comprehend(options: EntityOptions) -> EntityFinder:
    finder: EntityFinder = import_module("transforms.entities.comprehend").load(options)
    return finder


FINDERS: dict[str, Callable[[EntityOptions], EntityFinder]] = {"comprehend": _comprehend}


@cache
def load_finder(options: EntityOptions) -> EntityFinder:
    """Return the finder that the options name, loaded once per process.

    Raises:
        SettingsError: no finder has this name.
    """
    if options.name not in FINDERS:
        raise SettingsError(
            f"entity finder {options.name} is unknown",
            remedy=f"Set entities.finder to one of: {', '.join(FINDERS)}",
        )
    return FINDERS[options.name](options)
