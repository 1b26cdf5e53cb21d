"""A lake whose disk is full: named, with the remedy, and exact once there is room."""

import subprocess
from pathlib import Path

import pytest

from tests.support.kafka import generate
from tests.support.lake import assert_exact


@pytest.fixture
def small_disk(tmp_path):
    """A file system of its own in memory; the test is skipped where this user may not mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = _mount("size=512k", folder)
    if mounted.returncode:
        pytest.skip(f"no file system to fill: {mounted.stderr.decode().strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def _mount(options: str, folder: Path) -> subprocess.CompletedProcess[bytes]:
    words = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    return subprocess.run(words, capture_output=True, check=False)


def test_a_full_disk_is_named_and_nothing_is_lost(home, small_disk, in_session):
    ledger = generate(home, 300, seed=1)
    lake = home.model_copy(update={"lake": str(small_disk)})
    done = in_session(lake, "run", "--available-now")
    assert done.code == 1
    assert done.error.count("\n") == 1, done.error
    assert "is full" in done.error
    assert str(small_disk) in done.error
    assert "run again" in done.error

    assert _mount("remount,size=64m", small_disk).returncode == 0
    done = in_session(lake, "run", "--available-now")
    assert (done.code, done.error) == (0, "")
    assert_exact(lake, ledger)
