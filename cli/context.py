"""The options that stand before every command."""

from dataclasses import dataclass
from pathlib import Path

import typer

from foundation.settings import Settings, load_settings


@dataclass(frozen=True, slots=True)
class Options:
    """The options that were given before the command."""

    conf_file: Path | None = None
    home: Path | None = None
    debug: bool = False


def settings_of(context: typer.Context) -> Settings:
    """Return the settings of this process.

    Raises:
        SettingsError: one is wrong.
    """
    options: Options = context.obj
    return load_settings(options.conf_file, home=options.home)
