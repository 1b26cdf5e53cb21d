"""The files in the lake that producers read and write."""

from typing import TYPE_CHECKING, Any

from ingestion.privacy.tombstone_files import TombstoneFiles
from ingestion.recordings.landing import Landing

if TYPE_CHECKING:  # help and refusals wait neither for settings nor for pyarrow
    from foundation.settings import Settings


def landing_of(settings: "Settings", platform: str) -> Landing:
    """Return a platform's files in the lake's landing folder."""
    files, root = lake_files(settings)
    return Landing(files, f"{root}/landing", platform)


def lake_of(settings: "Settings", platform: str) -> tuple[TombstoneFiles, Landing]:
    """Return the files that tell producers of erasures, and the platform's landing files."""
    return TombstoneFiles(*lake_files(settings)), landing_of(settings, platform)


def lake_files(settings: "Settings") -> tuple[Any, str]:
    """Return Arrow's file system of the lake, whose type Arrow does not declare, and its path."""
    if settings.is_on_s3:
        from lakehouse.storage.s3 import arrow_files  # noqa: PLC0415  # as above

        return arrow_files(settings.s3), settings.lake_uri.partition("://")[2]
    from pyarrow import fs  # noqa: PLC0415  # as above

    return fs.LocalFileSystem(), settings.lake_uri
