"""The list of rows that are left out is written completely or not at all."""

from pathlib import Path

import pytest

from cli.output.left_out import LeftOutRows, left_out_rows
from foundation.errors import TextFileError


@pytest.mark.parametrize("error", [BrokenPipeError, KeyboardInterrupt, TextFileError])
def test_an_error_of_the_work_stays_itself_and_leaves_no_list(tmp_path, error):
    def work():
        with left_out_rows(tmp_path / "errors.csv") as left_out:
            left_out.add(3, "is not UTF-8")
            raise error("of the work")

    with pytest.raises(error) as raised:
        work()
    assert raised.value.args == ("of the work",)
    assert list(tmp_path.iterdir()) == []


def test_a_list_on_a_full_disk_has_its_name_in_the_error():
    with Path("/dev/full").open("wb", buffering=0) as full:
        left_out = LeftOutRows(
            lambda _line, reason: full.write(reason.encode()), Path("errors.csv")
        )
        with pytest.raises(TextFileError, match=r"cannot write errors\.csv \(No space left"):
            left_out.add(3, "is not UTF-8")


def test_where_no_row_is_left_out_nothing_is_refused(tmp_path):
    with left_out_rows(None) as left_out:
        pass
    left_out.refuse_if_any(tmp_path / "in.csv", read=3)
