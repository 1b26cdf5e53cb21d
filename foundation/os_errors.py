"""Describe errors of the operating system: the path, the problem, and what to do."""

import errno
import os
import pwd
import re
from pathlib import Path

_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_NO_RIGHT = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
_TOO_MANY = frozenset({errno.EMFILE, errno.ENFILE})
_QUOTED = re.compile(r"'(/[^']+)'")  # Arrow names the path only in its message


def told(error: Exception) -> str:
    """Return the line for an error without a class of ours.

    Its text could quote a post. So the line has only the operating system's words and the path, or
    for other errors the type.
    """
    if not isinstance(error, OSError) or not is_of_the_system(error):
        return f"internal: {type(error).__name__}; run with --debug to see where"
    number = error.errno or 0
    where = _where(error)
    what = f"{where}: {os.strerror(number)}" if where else os.strerror(number)
    return f"{what}. {_remedy(number, where)}"


def is_of_the_system(error: OSError) -> bool:
    """Tell whether an error's number is one of the operating system, not of a library."""
    return type(error).__module__ == "builtins" and error.errno in errno.errorcode


def _where(error: OSError) -> str:
    if isinstance(error.filename, str | bytes | os.PathLike):
        return os.fsdecode(error.filename)
    quoted = _QUOTED.search(error.strerror or "")
    return quoted[1] if quoted else ""


def _remedy(number: int, where: str) -> str:
    if number in _NO_ROOM:
        return "Make room there, and run it again"
    if number in _TOO_MANY:
        return "Raise the limit of open files (ulimit -n), or end other programs"
    if number in _NO_RIGHT and where:
        return ask_owner(closed_part(Path(where).absolute()))
    return "Check that it is there and may be used" if where else "Run with --debug to see where"


def ask_owner(path: Path) -> str:
    """Return the remedy for a path that this process may not use."""
    me = _name_of(os.geteuid())
    owner = _owner(path)
    if owner is None or owner == me:
        return f"Give {me} the rights to {path}, or choose another path"
    return (
        f"{path} belongs to {owner}, and this process runs as {me}: run it as {owner}, or set"
        " ECHOSTREAM_HOME to a folder of your own"
    )


def closed_part(path: Path) -> Path:
    """Return the outermost parent that this process may not enter, otherwise the path."""
    for folder in reversed(path.parents):
        if not is_usable(folder, os.X_OK):
            return folder
    return path if path.exists() else path.parent


def is_usable(path: Path, access: int) -> bool:
    """Tell whether this process may use a path in the way of `access`, such as `os.R_OK`."""
    return os.access(path, access, effective_ids=os.access in os.supports_effective_ids)


def _owner(path: Path) -> str | None:
    try:
        return _name_of(path.stat().st_uid)
    except OSError:
        return None


def _name_of(user: int) -> str:
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return f"user {user}"
