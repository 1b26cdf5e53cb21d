"""Rows are read from any row on, also from files that are cut, quoted, huge or have a BOM."""

import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.jobs import rows as module
from serving.jobs.rows import Bad, BrokenInputError, Position, Row, read_rows

HUGE = "x" * (module.MAX_ROW_BYTES + 1)


def read(form, body, start=None, max_text_chars=10**9):
    file = io.BytesIO(body if isinstance(body, bytes) else body.encode())
    return [*read_rows(file, form, start or Position(), max_text_chars=max_text_chars)]


def rows(form, body, **options):
    return [row for row, _ in read(form, body, **options)]


@pytest.mark.parametrize(
    ("form", "body", "expected"),
    [
        ("jsonl", "", []),
        ("jsonl", '{"text": "a"}', [Row(1, "a")]),
        ("jsonl", '\ufeff{"text": "a"}\n', [Row(1, "a")]),
        ("jsonl", '"a"\r\n\r\n  \n"b"', [Row(1, "a"), Row(4, "b")]),
        (
            "jsonl",
            '{"text": "a", "id": 7, "language": "en", "more": []}\n',
            [Row(1, "a", "7", "en")],
        ),
        ("jsonl", '{"text": "", "id": "", "language": ""}', [Row(1, "")]),
        ("jsonl", '{"text": "a"\n[1]\n7\n"b"', [Bad(1, "malformed"), Bad(2, "not_an_object"),
                                                 Bad(3, "not_an_object"), Row(4, "b")]),
        ("jsonl", '{"txt": "a"}\n{"text": 5}', [Bad(1, "text_missing"), Bad(2, "text_missing")]),
        ("jsonl", '{"text": "a", "id": true}', [Bad(1, "id_invalid")]),
        ("jsonl", json.dumps({"text": "a", "id": "x" * 513}), [Bad(1, "id_invalid")]),
        ("jsonl", '{"text": "a", "language": "english!"}', [Bad(1, "language_invalid")]),
        ("jsonl", '{"text": "\\ud800"}', [Bad(1, "malformed")]),
        ("jsonl", b'{"text": "\xff"}\n"b"', [Bad(1, "not_utf8"), Row(2, "b")]),
        ("jsonl", f'"{HUGE}"\n"b"\n', [Bad(1, "too_large"), Row(2, "b")]),
        ("jsonl", f'"{HUGE * 3}"', [Bad(1, "too_large")]),
        ("jsonl", '"' + "[" * 5000 + "\n" + "[" * 5000, [Bad(1, "malformed"), Bad(2, "malformed")]),
        ("csv", "text\na\n", [Row(2, "a")]),
        ("csv", "\ufeffText , ID\r\na,1\r\n\r\nb,2", [Row(2, "a", "1"), Row(4, "b", "2")]),
        ("csv", 'id,text,language\n1,"a, ""b""\nc",de\n2,d,', [Row(2, 'a, "b"\nc', "1", "de"),
                                                                Row(4, "d", "2")]),
        ("csv", "text,n\na,1\nb\nc,2,3", [Row(2, "a"), Bad(3, "wrong_number_of_fields"),
                                           Bad(4, "wrong_number_of_fields")]),
        ("csv", 'text\n"a"x\nb', [Bad(2, "malformed"), Row(3, "b")]),
        ("csv", 'text\n5" pipe\nb', [Row(2, '5" pipe'), Row(3, "b")]),
        ("csv", 'text\n"never ends\nb\nc', [Bad(2, "malformed"), Row(3, "b"), Row(4, "c")]),
        ("csv", f'text\n"{HUGE}"\nb', [Bad(2, "too_large"), Row(3, "b")]),
        ("csv", b"text\n\xff\nb", [Bad(2, "not_utf8"), Row(3, "b")]),
        ("csv", "text\n=cmd()\n", [Row(2, "=cmd()")]),
        ("json", "[]", []),
        ("json", ' [ "a" , {"text":"b","id":3} ] ', [Row(1, "a"), Row(2, "b", "3")]),
        ("json", '\ufeff["a"]', [Row(1, "a")]),
        ("json", '[1, null, {"text": "\\ud800"}, "é"]', [Bad(1, "not_an_object"),
                                                        Bad(2, "not_an_object"),
                                                        Bad(3, "malformed"), Row(4, "é")]),
    ],
)  # fmt: skip
def test_rows_are_read_and_those_that_cannot_be_have_a_line_and_a_code(form, body, expected):
    assert rows(form, body) == expected


@pytest.mark.parametrize(
    ("form", "body", "before", "code"),
    [
        ("csv", "", [], "no_text_column"),
        ("csv", "id,body\n1,a", [], "no_text_column"),
        ("csv", "text,text\na,b", [], "doubled_column"),
        ("csv", f"{HUGE},text\na,b", [], "malformed_header"),
        ("json", "", [], "not_an_array"),
        ("json", '{"text": "a"}', [], "not_an_array"),
        ("json", '["a"', ["a"], "malformed"),
        ("json", '["a",', ["a"], "malformed"),
        ("json", '["a",]', ["a"], "malformed"),
        ("json", '["a" "b"]', ["a"], "malformed"),
        ("json", '["a"] x', ["a"], "malformed"),
        ("json", '["a", b"]', ["a"], "malformed"),
        ("json", b'["a", "\xff"]', [], "not_utf8"),
        ("json", "[" * 100_000, [], "too_deep"),
        ("json", f'["a", {{"text": "{HUGE}"', ["a"], "too_large"),
    ],
)
def test_what_makes_the_rest_unreadable_ends_it_with_a_code(form, body, before, code):
    seen = []

    def read_all():
        file = io.BytesIO(body if isinstance(body, bytes) else body.encode())
        for row, _ in read_rows(file, form, Position(), max_text_chars=10**9):
            seen.append(row.text)

    with pytest.raises(BrokenInputError) as broken:
        read_all()
    assert (seen, str(broken.value)) == (before, code)


def test_quotes_that_never_end_are_read_again_a_bounded_number_of_times(monkeypatch):
    body = "text\n" + '"a ""\n' * 30
    assert len(rows("csv", body)) == 30
    monkeypatch.setattr(module, "_MAX_READ_AGAIN_BYTES", 100)
    with pytest.raises(BrokenInputError, match="malformed_csv"):
        rows("csv", body)


def test_a_text_longer_than_the_sanitizer_takes_is_a_dead_letter():
    assert rows("jsonl", '"abc"\n"abcd"', max_text_chars=3) == [Row(1, "abc"),
                                                               Bad(2, "text_too_long")]  # fmt: skip


TEXTS = st.lists(st.text(st.characters(codec="utf-8"), max_size=12), max_size=8)


def as_csv(texts):
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["id", "text"])
    writer.writerows([[number, text] for number, text in enumerate(texts)])
    return out.getvalue()


FILES = {
    "jsonl": lambda texts: "".join(json.dumps({"text": text}) + "\n" for text in texts),
    "json": lambda texts: json.dumps(texts, ensure_ascii=False, indent=1),
    "csv": as_csv,
}


@pytest.mark.parametrize("form", FILES)
@given(texts=TEXTS)
def test_reading_on_from_any_row_gives_the_rest(form, texts):
    body = "\ufeff" + FILES[form](texts)
    whole = read(form, body)
    assert [row.text for row, _ in whole] == texts
    for at, (_, following) in enumerate(whole):
        assert read(form, body, start=following) == whole[at + 1 :]


@pytest.mark.parametrize("form", FILES)
def test_blocks_of_any_size_give_the_same(form, monkeypatch):
    texts = ["é" * 7, "", '"', "a\nb", "\U0001d425", "1"] * 3
    body = FILES[form](texts)
    whole = read(form, body)
    monkeypatch.setattr(module, "_BLOCK_BYTES", 1)
    assert read(form, body) == whole
