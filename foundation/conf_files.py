"""Locate the data files under conf/, which ship as package data in the wheel."""

import tomllib
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from foundation.errors import SettingsError


def conf_dir() -> Traversable:
    """Return the folder conf/ of the checkout or of the installed wheel."""
    return resources.files("conf")


def read_toml(file: Traversable | Path) -> dict[str, Any]:
    """Return the content of a TOML file.

    Raises:
        SettingsError: the file is missing or is not TOML.
    """
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(
            f"cannot read {file}: {error.strerror}", remedy="Name a file that exists"
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"{file} is not TOML: {error}", remedy="Correct the file at that line"
        ) from error
