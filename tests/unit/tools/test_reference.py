"""The committed pages of docs/reference match the code, and each entry has a meaning."""

from pathlib import Path

import pytest

from schemas.tables import JOBS, OPS_JOBS, TABLES
from tools.docs import event, reasons, settings, tables
from tools.docs.meanings import comments_of_members, docstrings_of_fields
from tools.docs.path_picture import path_picture
from tools.docs.reference import FOLDER, PAGES, PICTURE


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_what_the_code_gives(name):
    assert (FOLDER / name).read_text(encoding="utf-8") == PAGES[name](), "run `make reference`"


def test_the_picture_is_what_the_code_draws():
    assert PICTURE.read_text(encoding="utf-8") == path_picture(), "run `make reference`"


@pytest.mark.parametrize(
    "missing",
    [settings.undocumented, tables.uncommented, reasons.unexplained, event.uncommented],
    ids=["settings", "tables", "reasons", "event"],
)
def test_each_entry_has_a_meaning(missing):
    assert missing() == []


def test_each_table_has_a_section():
    of_jobs = {f"ops.batches.{job}" for job in OPS_JOBS} | {f"ops.erasures.{job}" for job in JOBS}
    assert {table.name for table in TABLES} - of_jobs <= tables.described()


def test_the_settings_of_fault_tests_are_not_shown():
    assert "faults" not in PAGES["settings.md"]()


SOURCE = '''\
class Section:
    """Not a field's."""

    first: int = 1
    """The first
    one."""
    second: int = 2
    third: int = 3
    """The third."""


class Code(StrEnum):
    ONE = "one"  # beside it
    # above it,
    # on two lines
    TWO = "two"
    NONE = "none"


TABLE = Table(
    schema=_struct(
        name=_STRING,  # of the table
        # above
        rest=ArrayType(
            _STRING,
        ),
    ),
)
'''


@pytest.fixture
def source(tmp_path: Path) -> Path:
    file = tmp_path / "source.py"
    file.write_text(SOURCE)
    return file


def test_a_docstring_belongs_to_the_field_above_it(source):
    assert docstrings_of_fields(source)["Section"] == {
        "first": "The first one.",
        "third": "The third.",
    }


def test_a_comment_belongs_to_the_member_beside_or_below_it(source):
    found = comments_of_members(source)
    assert found["Code"] == {"ONE": "beside it", "TWO": "above it, on two lines", "NONE": ""}
    assert found["TABLE"] == {"name": "of the table", "rest": "above"}
