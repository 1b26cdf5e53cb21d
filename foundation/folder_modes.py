"""Restrict access to the layers of a local lake by the modes of its folders.

On AWS, the policies in deploy/aws do this.
"""

import grp
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from foundation.errors import AccessError
from foundation.os_errors import is_usable
from foundation.settings import Settings

Readers = Literal["engineers", "analysts", "all"]
READERS: dict[str, Readers] = {
    "landing": "engineers",
    "bronze": "engineers",
    "quarantine": "engineers",
    "silver": "analysts",
    "gold": "all",
    "ops": "all",
}
# `_erasures` has messages between jobs and producers.
FOLDERS: dict[str, Readers] = READERS | {"_erasures": "engineers"}
# Folders of the home with payloads that wait or are spilt, ids of posts, and texts of jobs.
PRIVATE = ("broker", "tmp", "cursors", "jobs")
_OWNER = 0o700
_GROUP = 0o750
_ALL = 0o755


@dataclass(frozen=True, slots=True)
class Rule:
    """The mode and group that a folder must have. They protect everything below it."""

    folder: Path
    mode: int
    group: str  # empty if any group will do


def rules(settings: Settings) -> Iterator[Rule]:
    """Yield the rules of the home's private folders, and of a local lake's layers."""
    for name in PRIVATE:
        yield Rule(settings.home / name, _OWNER, "")
    if settings.is_on_s3:
        return
    groups = {
        "engineers": settings.access.engineers,
        "analysts": settings.access.analysts,
        "all": "",
    }
    for layer, readers in FOLDERS.items():
        group = groups[readers]
        mode = _ALL if readers == "all" else _GROUP if group else _OWNER
        yield Rule(Path(settings.lake_uri) / layer, mode, group)


def protect(settings: Settings, layer: str) -> None:
    """Create a layer's folder with its rule's mode and group, before anything is written to it.

    Raises:
        AccessError: the group does not exist, or this user is not a member.
    """
    for rule in rules(settings):
        if rule.folder.name == layer and not rule.folder.exists():
            rule.folder.mkdir(parents=True, mode=_OWNER)
            if rule.group:
                _give(rule)
            rule.folder.chmod(rule.mode)  # mkdir's mode is subject to the umask


def broken(settings: Settings) -> list[str]:
    """Return a command for each difference from the rules that corrects it."""
    return [line for rule in rules(settings) if rule.folder.is_dir() for line in _differences(rule)]


def closed(settings: Settings, access: int = os.R_OK | os.X_OK) -> list[Path]:
    """Return the outermost folders of home and lake that this user may not use.

    Args:
        settings: the settings of this process.
        access: the way of using them, such as `os.R_OK`.
    """
    found: list[Path] = []
    for folder in _folders(settings):
        if any(folder.is_relative_to(outer) for outer in found):
            continue
        if _is_there(folder) and not is_usable(folder, access):
            found.append(folder)
    return found


def _folders(settings: Settings) -> Iterator[Path]:
    """Yield home and lake, and the folders in them. A folder comes before those within it."""
    roots = [settings.home] if settings.is_on_s3 else [settings.home, Path(settings.lake_uri)]
    for root in roots:
        yield root
        if is_usable(root, os.R_OK | os.X_OK):
            yield from sorted(each for each in root.iterdir() if each.is_dir())


def _is_there(folder: Path) -> bool:
    """Tell whether a folder exists. Inside one that may not be entered, it counts as existing."""
    try:
        folder.stat()
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return True


def _differences(rule: Rule) -> Iterator[str]:
    status = rule.folder.stat()
    if rule.group and _name(status.st_gid) != rule.group:
        yield f"chgrp -R {rule.group} {rule.folder}"
    if stat.S_IMODE(status.st_mode) != rule.mode:
        yield f"chmod {rule.mode:o} {rule.folder}"


def _give(rule: Rule) -> None:
    try:
        os.chown(rule.folder, -1, grp.getgrnam(rule.group).gr_gid)
    except (KeyError, PermissionError):
        raise AccessError(
            f"{rule.folder} cannot be given to group {rule.group}",
            remedy="Create the group and join it, or correct access.engineers and access.analysts",
        ) from None


def _name(group: int) -> str:
    try:
        return grp.getgrgid(group).gr_name
    except KeyError:
        return str(group)
