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


def program_of(context: typer.Context) -> tuple[str, ...]:
    """Return the arguments behind Python that start this program with the same options."""
    options: Options = context.obj
    conf_file = ("--conf-file", str(options.conf_file.absolute())) if options.conf_file else ()
    home = ("--home", str(options.home.absolute())) if options.home else ()
    return ("-m", "cli.main", *conf_file, *home)
