"""Spark's spilled files hold posts, so a start deletes those of a killed process."""

import os
import subprocess
import sys

from foundation.settings import Settings
from lakehouse.spark.session import scratch


def test_what_killed_processes_have_left_goes_and_what_a_live_one_uses_stays(tmp_path):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    tmp = tmp_path / "tmp"
    for name in (str(ended.pid), "blockmgr-0", str(os.getppid())):
        (tmp / name / "blocks").mkdir(parents=True)
        (tmp / name / "blocks" / "shuffle_0").write_bytes(b"a post")
    own = scratch(Settings(home=tmp_path))
    assert {folder.name for folder in tmp.iterdir()} == {str(os.getppid()), str(os.getpid())}
    assert (tmp / str(os.getppid()) / "blocks" / "shuffle_0").exists()
    assert own == tmp / str(os.getpid())
    assert scratch(Settings(home=tmp_path)) == own
