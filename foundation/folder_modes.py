"""Access to the layers of a local lake, by its folders' modes; deploy/aws has it for AWS."""

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
# messages between jobs and producers
FOLDERS: dict[str, Readers] = READERS | {"_erasures": "engineers"}
# of the home: payloads that wait or are spilt, ids of posts, texts of jobs
PRIVATE = ("broker", "tmp", "cursors", "jobs")
_OWNER = 0o700
_GROUP = 0o750
_ALL = 0o755


@dataclass(frozen=True, slots=True)
class Rule:
    """How a layer's folder must be; the folder bars the way to all below it."""

    folder: Path
    mode: int
    group: str  # empty: whichever it has


def rules(settings: Settings) -> Iterator[Rule]:
    """Return the rule of each layer, of what is beside them, and of the home's own folders."""
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
    """Make a layer's folder as its rule says, before anything is written below it.

    Raises:
        AccessError: its group is not there, or this user is not of it.
    """
    for rule in rules(settings):
        if rule.folder.name == layer and not rule.folder.exists():
            rule.folder.mkdir(parents=True, mode=_OWNER)
            if rule.group:
                _give(rule)
            rule.folder.chmod(rule.mode)  # whatever the umask is


def broken(settings: Settings) -> list[str]:
    """Return the differences from the rules, each as the command that mends it."""
    return [line for rule in rules(settings) if rule.folder.is_dir() for line in _differences(rule)]


def closed(settings: Settings, access: int = os.R_OK | os.X_OK) -> list[Path]:
    """Return the folders of home and lake that this user may not use so; of nested ones the outer.

    Args:
        settings: of this process.
        access: `os.R_OK` and the like.
    """
    found: list[Path] = []
    for folder in _folders(settings):
        if any(folder.is_relative_to(outer) for outer in found):
            continue
        if _is_there(folder) and not is_usable(folder, access):
            found.append(folder)
    return found


def _folders(settings: Settings) -> Iterator[Path]:
    """Return home and lake, and the folders in them; each comes before those within it."""
    roots = [settings.home] if settings.is_on_s3 else [settings.home, Path(settings.lake_uri)]
    for root in roots:
        yield root
        if is_usable(root, os.R_OK | os.X_OK):
            yield from sorted(each for each in root.iterdir() if each.is_dir())


def _is_there(folder: Path) -> bool:
    """Return whether a folder is there; one behind a folder that may not be entered may be."""
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
            remedy="Make the group and be a member of it, or mend access.engineers and"
            " access.analysts",
        ) from None


def _name(group: int) -> str:
    try:
        return grp.getgrgid(group).gr_name
    except KeyError:
        return str(group)
