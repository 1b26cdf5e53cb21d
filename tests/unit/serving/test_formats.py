"""An answer is written as table, JSON or CSV, as a whole and as its rows come."""

import json

import pytest

from foundation.errors import UsageError
from serving.formats import MAX_ROWS, format_of, told_apart
from serving.sql import Answer


@pytest.mark.parametrize(
    ("columns", "names"),
    [
        (["n", "name"], ["n", "name"]),
        (["n", "name", "n", "name"], ["n", "name", "n_1", "name_1"]),
        (["n", "n", "n"], ["n", "n_1", "n_2"]),
        (["n", "n", "n_1"], ["n", "n_2", "n_1"]),
        (["n_1", "n", "n"], ["n_1", "n", "n_2"]),
        (["n", "n_1", "n", "n_1"], ["n", "n_1", "n_2", "n_1_1"]),
        (["n", "N"], ["n", "N"]),
        ([], []),
    ],
)
def test_columns_of_one_name_are_told_apart(columns, names):
    assert told_apart(columns) == names


def test_json_keeps_each_column():
    texts = format_of("json").texts([Answer(["n", "name", "n", "name"], [(1, "x", 2, "y")])])
    assert json.loads("".join(texts)) == [{"n": 1, "name": "x", "n_1": 2, "name_1": "y"}]


ANSWERS = [Answer(["a", "b"], rows) for rows in ([(1, "é")], [(2, None), (3, 'say "so"')], [])]


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        ("csv", ["a,b\n1,é\n", '2,\n3,"say ""so"""\n', ""]),
        (
            "json",
            [
                '[{"a": 1, "b": "é"}',
                ',\n {"a": 2, "b": null},\n {"a": 3, "b": "say \\"so\\""}',
                "",
                "]\n",
            ],
        ),
    ],
)
def test_rows_are_told_as_they_come(name, texts):
    assert list(format_of(name).texts(ANSWERS)) == texts


@pytest.mark.parametrize(
    ("name", "text"), [("csv", "a,b\n"), ("json", "[]\n"), ("table", "a  b\n(0 rows)\n")]
)
def test_no_rows(name, text):
    assert "".join(format_of(name).texts([Answer(["a", "b"], [])])) == text


def test_a_table_reads_no_more_rows_than_it_shows():
    def answers():
        yield Answer(["a"], [(number,) for number in range(chosen.first)])
        raise AssertionError

    chosen = format_of("table")
    assert chosen.first == MAX_ROWS + 1
    lines = "".join(chosen.texts(answers())).splitlines()
    assert lines[-2:] == ["199", "(200 rows shown, there are more: --format csv writes all)"]


def test_an_unknown_format():
    with pytest.raises(UsageError, match="table, json, csv"):
        format_of("xml")


CELLS = ("=1+1", "@SUM(1)", "\tcmd", "\uff1d1", "-3.5", "a=b", 7, -7, None, {"=": 1})


def test_csv_of_formulas_is_text_to_a_spreadsheet():
    answer = Answer(["=head", "b"], [(cell, 1) for cell in CELLS])
    neutral = "".join(format_of("csv").texts([answer])).splitlines()
    assert [line.removesuffix(",1") for line in neutral[1:]] == [
        "'=1+1",
        "'@SUM(1)",
        "'\tcmd",
        "'\uff1d1",
        "-3.5",
        "a=b",
        "7",
        "-7",
        "",
        '"{""="": 1}"',
    ]
    assert neutral[0] == "'=head,b"
    raw = "".join(format_of("csv", raw=True).texts([answer])).splitlines()
    assert raw[:3] == ["=head,b", "=1+1,1", "@SUM(1),1"]
    assert "".join(format_of("json", raw=True).texts([answer])).startswith('[{"=head": "=1+1"')
