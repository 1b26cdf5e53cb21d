"""The options that stand before every command."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from foundation.settings import Settings, load_settings

if TYPE_CHECKING:
    from ingestion.privacy.tombstone_files import GraveFiles
    from ingestion.recordings.landing import Landing


@dataclass(frozen=True, slots=True)
class Options:
    """What was given before the command."""

    conf_file: Path | None = None
    home: Path | None = None
    debug: bool = False


def settings_of(context: typer.Context) -> Settings:
    """The settings of this process, made once.

    Raises:
        SettingsError: one is wrong.
    """
    options: Options = context.obj
    return load_settings(options.conf_file, home=options.home)


def landing_of(settings: Settings, platform: str) -> "Landing":
    """A platform's files in the lake's landing folder."""
    from ingestion.recordings.landing import Landing  # noqa: PLC0415  # half a second that not every command needs

    files, root = lake_files(settings)
    return Landing(files, f"{root}/landing", platform)


def lake_of(settings: Settings, platform: str) -> "tuple[GraveFiles, Landing]":
    """Where producers learn what is to be erased, and the platform's landing files."""
    from ingestion.privacy.tombstone_files import GraveFiles  # noqa: PLC0415  # with Arrow, as above

    return GraveFiles(*lake_files(settings)), landing_of(settings, platform)


def lake_files(settings: Settings) -> tuple[Any, str]:
    """Arrow's file system of the lake, of any type since Arrow declares none, and the lake's path in it."""
    from pyarrow import fs  # noqa: PLC0415  # as above

    if settings.is_on_s3:
        from lakehouse.storage.s3 import arrow_files  # noqa: PLC0415

        return arrow_files(settings.s3), settings.lake_uri.partition("://")[2]
    return fs.LocalFileSystem(), settings.lake_uri
