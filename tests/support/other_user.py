"""Act as another user than the owner of some folders, although tests may run as root.

Root's capabilities give it access to everything. Without them it may not enter others' folders,
like any user, and can still import from its own.
"""

import ctypes
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

OWNER = 65534
OWNER_NAME = "nobody"
_READS_AND_WRITES_ANYTHING = 0b1110  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER
_VERSION_3 = 0x20080522


class _Header(ctypes.Structure):
    _fields_ = [("version", ctypes.c_uint32), ("pid", ctypes.c_int)]


class _Data(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint32) for name in ("effective", "permitted", "inheritable")]


@contextmanager
def another_user() -> Iterator[None]:
    """Give up all rights to the folders of OWNER within the block."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("only root on Linux can make a folder of another user's")
    libc = ctypes.CDLL(None, use_errno=True)
    header = _Header(_VERSION_3, 0)
    data = (_Data * 2)()
    if libc.capget(ctypes.byref(header), data):
        pytest.skip("this system tells no capabilities")
    before = data[0].effective
    data[0].effective = before & ~_READS_AND_WRITES_ANYTHING
    assert libc.capset(ctypes.byref(header), data) == 0
    try:
        yield
    finally:
        data[0].effective = before
        assert libc.capset(ctypes.byref(header), data) == 0


@contextmanager
def folder_of_owner() -> Iterator[Path]:
    """Return a folder that everybody may enter, unlike pytest's own; see `give`."""
    folder = Path(tempfile.mkdtemp(prefix="echostream-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def give(folder: Path) -> None:
    """Make OWNER the owner of a folder and of everything in it."""
    if os.geteuid() != 0:
        pytest.skip("only root can give a folder to another user")
    for path in (folder, *folder.rglob("*")):
        os.chown(path, OWNER, OWNER)
