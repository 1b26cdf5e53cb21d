"""The options that stand before every command."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from foundation.local_folders import local_home

if TYPE_CHECKING:  # a list of commands, or a refusal, has no use for settings
    from foundation.settings import Settings


@dataclass(frozen=True, slots=True)
class Options:
    """The options that were given before the command."""

    conf_file: Path | None = None
    home: str | None = None
    debug: bool = False


def settings_of(context: typer.Context) -> "Settings":
    """Return the settings of this process.

    Raises:
        SettingsError: one is wrong.
    """
    from foundation.settings import load_settings  # noqa: PLC0415  # as above

    options: Options = context.obj
    return load_settings(options.conf_file, home=options.home)


def program_of(context: typer.Context) -> tuple[str, ...]:
    """Return the arguments behind Python that start this program with the same options."""
    options: Options = context.obj
    conf_file = ("--conf-file", str(options.conf_file.absolute())) if options.conf_file else ()
    home = ("--home", str(local_home(options.home))) if options.home else ()
    return ("-m", "cli.main", *conf_file, *home)
