"""In labelled texts, rows without a text or a label are counted, and bad rows are named."""

import pytest

from cli.input.labels import read_labels
from cli.input.text_files import Reading
from foundation.errors import UsageError

CLASSES = ("negative", "positive")


def read(path, reading=None):
    left_out = []
    labelled = read_labels(
        path, CLASSES, reading=reading or Reading(), left_out=lambda *row: left_out.append(row)
    )
    return labelled, left_out


def test_rows_with_both_are_used_and_the_others_counted(tmp_path):
    file = tmp_path / "labels.csv"
    file.write_text("text,label\na, Positive \nb,\n,negative\nNaN,negative\nc,NaN\nd\ne,negative\n")
    labelled, left_out = read(file)
    assert (labelled.texts, labelled.labels) == (["a", "e"], ["positive", "negative"])
    assert (labelled.rows, labelled.without_text, labelled.without_label) == (6, 2, 2)
    assert [line for line, _ in left_out] == [7]
    assert labelled.lines(9) == [
        "no text  2 rows have none, and are left out",
        "no label 2 rows have none, and are left out",
    ]


def test_json_labels_are_strings_or_null(tmp_path):
    file = tmp_path / "labels.jsonl"
    file.write_text(
        '{"body":"a","label":"positive"}\n{"body":"b","label":1}\n{"body":null,"label":"negative"}\n'
    )
    labelled, left_out = read(file, Reading(column="body"))
    assert (labelled.texts, labelled.without_text) == (["a"], 1)
    assert left_out == [(2, "has no field label with a string or null")]


def test_another_label_and_a_missing_column_are_refused(tmp_path):
    file = tmp_path / "labels.csv"
    file.write_text("text,label\nsecret,other\n")
    with pytest.raises(UsageError, match="row 1 has another label"):
        read(file)
    file.write_text("text,sentiment\nsecret,positive\n")
    with pytest.raises(UsageError, match="has no column label") as raised:
        read(file)
    assert "are: text, sentiment" in str(raised.value)
