"""A full disk is an error with a remedy, and the lake is exact once there is room."""

from tests.support.kafka import generate
from tests.support.lake import assert_exact
from tests.support.small_disk import small_disk


def test_a_full_disk_is_named_and_nothing_is_lost(home, tmp_path, in_session):
    with small_disk(tmp_path / "disk") as disk:
        ledger = generate(home, 300, seed=1)
        lake = home.model_copy(update={"lake": str(disk.folder)})
        done = in_session(lake, "run", "--available-now")
        assert done.code == 1
        assert done.error.count("\n") == 1, done.error
        assert "is full" in done.error
        assert str(disk.folder) in done.error
        assert "run again" in done.error

        disk.grow()
        done = in_session(lake, "run", "--available-now")
        assert (done.code, done.error) == (0, "")
        assert_exact(lake, ledger)
