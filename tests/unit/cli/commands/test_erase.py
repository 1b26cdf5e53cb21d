"""`echostream erase` names the right rows, and refuses wrong requests."""

import io
import sys

import pytest

from cli.commands.erase import named_subjects
from foundation.errors import UsageError
from lakehouse.erasure.requests import Subject


@pytest.mark.parametrize(
    ("options", "subjects"),
    [
        ((None, None, None), []),
        (("x", "1", None), [Subject("x", "author", "1")]),
        (("reddit", None, "t3_1"), [Subject("reddit", "post", "t3_1")]),
    ],
)
def test_options_name_an_author_or_a_post(options, subjects):
    assert named_subjects(*options, None) == subjects


@pytest.mark.parametrize(
    "options",
    [("x", None, None), (None, "1", None), ("x", "1", "2"), ("x", "", None), ("x", None, "")],
)
def test_half_a_name_is_refused(options):
    with pytest.raises(UsageError):
        named_subjects(*options, None)


def test_a_file_names_all_of_a_person(tmp_path, monkeypatch):
    file = tmp_path / "person"
    file.write_text('{"platform": "x", "author": "1"}\n\n{"platform": "reddit", "post": "t3_1"}\n')
    everything = [Subject("x", "author", "1"), Subject("reddit", "post", "t3_1")]
    assert named_subjects(None, None, None, file) == everything
    monkeypatch.setattr(sys, "stdin", io.StringIO(file.read_text()))
    assert named_subjects(None, None, None, file.with_name("-").relative_to(tmp_path)) == everything
    with pytest.raises(UsageError, match="stands alone"):
        named_subjects("x", None, None, file)


@pytest.mark.parametrize(
    "line",
    [
        "x 1",
        "[]",
        '{"platform": "x"}',
        '{"platform": "x", "author": 1}',
        '{"platform": "x", "author": "1", "post": "2"}',
        '{"platform": "x", "author": "1", "name": "2"}',
        '{"platform": "x", "author": ""}',
    ],
)
def test_another_line_is_refused_by_its_number(tmp_path, line):
    file = tmp_path / "person"
    file.write_text(f'{{"platform": "x", "author": "1"}}\n{line}\n')
    with pytest.raises(UsageError, match=r"line 2|empty"):
        named_subjects(None, None, None, file)
