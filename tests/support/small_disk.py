"""Mount a disk that is soon full: a small file system in memory."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True)
class SmallDisk:
    """A mounted file system."""

    folder: Path

    def grow(self) -> None:
        """Delete the file that fills the disk."""
        assert _mount("remount,size=64m", self.folder).returncode == 0


@contextmanager
def small_disk(folder: Path) -> Iterator[SmallDisk]:
    """Mount 512 KiB there. Skip the test if this user may not mount."""
    folder.mkdir()
    mounted = _mount("size=512k", folder)
    if mounted.returncode:
        pytest.skip(f"no file system to fill: {mounted.stderr.decode().strip()}")
    try:
        yield SmallDisk(folder)
    finally:
        # Unmount lazily, because a process that is just ending may still have a file open there.
        subprocess.run(["umount", "-l", str(folder)], check=True)


def _mount(options: str, folder: Path) -> subprocess.CompletedProcess[bytes]:
    words = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    return subprocess.run(words, capture_output=True, check=False)
