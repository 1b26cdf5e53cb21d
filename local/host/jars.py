"""The jars that `make setup` copies: the local servers', and Spark's additional ones."""

import hashlib
from pathlib import Path
from typing import Literal, get_args

from foundation.errors import JarsError

Kind = Literal["spark", "broker", "s3", "s3proxy"]
ROOT = Path(__file__).resolve().parents[2]
_REMEDY = "Run `make setup` in the checkout"


def jars(kind: Kind, *, root: Path = ROOT) -> list[Path]:
    """Return the jars of one profile of pom.xml, as the sha256 list names them.

    Raises:
        JarsError: one is missing.
    """
    files = [root / name for name in _pinned(root) if name.startswith(f"jars/{kind}/")]
    missing = [file for file in files if not file.is_file()]
    if missing or not files:
        raise JarsError(
            f"{len(missing) or 'all'} jars are missing from {root / 'jars' / kind}", remedy=_REMEDY
        )
    return files


def check_jars(*, root: Path = ROOT) -> int:
    """Return how many jars there are, each compared with its hash.

    Raises:
        JarsError: one is missing or is not the pinned one.
    """
    for kind in get_args(Kind):
        jars(kind, root=root)
    pinned = _pinned(root)
    for name, digest in pinned.items():
        if hashlib.sha256((root / name).read_bytes()).hexdigest() != digest:
            raise JarsError(
                f"{root / name} is not the pinned jar",
                remedy="Run `make clean setup` in the checkout",
            )
    return len(pinned)


def _pinned(root: Path) -> dict[str, str]:
    """Return name → hash."""
    try:
        lines = (root / "jars.sha256").read_text(encoding="ascii").splitlines()
    except OSError:
        raise JarsError(
            f"{root} holds no jars.sha256: this is not a checkout",
            remedy="Start the local stack from a checkout",
        ) from None
    return {name: digest for digest, name in (line.split(maxsplit=1) for line in lines)}
