"""Files of texts as people have them: each row is read, or named by its line and left out."""

import codecs
import gzip
import os
import threading

import pytest

from cli.input import csv_records
from cli.input.lines import MOST_CHARS, SAMPLE_BYTES
from cli.input.text_files import Reading, TextFile, TextFileError, form_of, name_of
from cli.input.text_options import reading_of
from foundation.errors import UsageError

BROKEN = "is no CSV"
NOT_UTF_8 = "is not UTF-8"


def read(folder, content, *, name="in.csv", reading=None, needed=("text",)):
    """Return the texts of a file's rows, and the line and reason of each that is left out."""
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    left_out = []
    with TextFile(
        path, *needed, reading=reading, left_out=lambda *row: left_out.append(row)
    ) as file:
        texts = [file.value(row, "text") for row in file]
    return texts, left_out, file


EXCEL = {
    "UTF-8 with a mark, semicolons": (
        b'\xef\xbb\xbfid;text\r\n1;I love it\r\n2;"bad; really bad"\r\n',
        ["I love it", "bad; really bad"],
    ),
    "a sep line": ("sep=;\r\nid;text\r\n1;a, b\r\n", ["a, b"]),
    "a quoted sep line behind a mark": ('\ufeff"sep=|"\ntext|id\na;b|1\n', ["a;b"]),
    "a sep line of tabs": ("SEP=\t\nid\ttext\n1\ta,b\n", ["a,b"]),
    "cp1252": (
        "id;text\r\n1;Schöne Grüße\r\n2;5 € \u2013 naïve “Café”\r\n3;bad\r\n".encode("cp1252"),
        ["Schöne Grüße", "5 € \u2013 naïve “Café”", "bad"],
    ),
    "cp1252, an apostrophe": (b"text\nit\x92s good\n", ["it\u2019s good"]),
    "cp1252, an É and an à": (
        "text\nÉté à la mer\nil est là\nà côté\n".encode("cp1252"),
        ["Été à la mer", "il est là", "à côté"],
    ),
    "Unicode text": (
        "id\ttext\r\n1\tgrün, 😀\r\n2\tbad\r\n".encode("utf-16"),
        ["grün, 😀", "bad"],
    ),
    "UTF-16, the other order": (
        codecs.BOM_UTF16_BE + "id\ttext\r\n1\tgrün\r\n".encode("utf-16-be"),
        ["grün"],
    ),
    "UTF-16 without a mark": ("id,text\n1,good enough\n".encode("utf-16-le"), ["good enough"]),
    "UTF-32": ("id,text\n1,good\n".encode("utf-32"), ["good"]),
    "tabs": ("id\ttext\n1\ta, b; c\n", ["a, b; c"]),
    "bars": ("id|text\n1|a\n", ["a"]),
    "empty columns at the end": ("id;text;;\r\n1;a;;\r\n2;b;;;;\r\n", ["a", "b"]),
    "ends of old Macs": ('id,text\r1,a\r2,"b\rc"\r', ["a", "b\rc"]),
    "mixed ends": ("id,text\r\n1,a\n2,b\r3,c\n", ["a", "b", "c"]),
    "quoted newlines": ('id,text\n1,"a\n\nb\r\nc"\n2,d\n', ["a\n\nb\r\nc", "d"]),
    "empty lines": ("\n\nid,text\n\n1,a\n\n2,b\n\n", ["a", "b"]),
    "no end behind the last line": ("id,text\n1,a", ["a"]),
    "another case": ("ID; Text \n1;a\n", ["a"]),
    "a delimiter inside a quoted name": ('"id, or so";text\n1;a\n', ["a"]),
    "signs inside a quoted name": ('"a;b;c;d",text\n1,a\n', ["a"]),
    "two other columns of one name": ("note,text,note\n1,a,2\n", ["a"]),
    "a header alone": ("id,text\n", []),
    "what programs write for nothing": (
        "text\nNaN\nnan\nNone\nnull\nNULL\nNone of it\n",
        [None, None, None, None, None, "None of it"],
    ),
}


@pytest.mark.parametrize(("content", "texts"), EXCEL.values(), ids=EXCEL)
def test_a_file_is_read_without_a_word_about_it(tmp_path, content, texts):
    assert read(tmp_path, content)[:2] == (texts, [])


ROWS = {
    "too many cells, and a quote inside": (
        'id,text\n1,I love it\n2,bad, very bad\n3,"he said "no" to me"\n4,fine\n',
        ["I love it", "fine"],
        [(3, "ends a row of 3 cells, the header has 2"), (4, BROKEN)],
    ),
    "too few cells": ("id,text\n1\n2,a\n", ["a"], [(2, "ends a row of 1 cells")]),
    "a lone quote": (
        'id,text\n1,a\n2,"bad\n3,b\n4,"c, d"\n5,e\n',
        ["a", "b", "c, d", "e"],
        [(3, BROKEN)],
    ),
    "lone quotes": (
        'id,text\n1,"a\n2,b\n3,"c\n4,d\n',
        ["b", "d"],
        [(2, BROKEN), (4, BROKEN)],
    ),
    "a lone quote at the end": ('id,text\n1,a\n2,"', ["a"], [(3, BROKEN)]),
    "a quote inside a cell without quotes is a sign": ('id,text\n1,5" or 6"\n', ['5" or 6"'], []),
    "a wide row on two lines": (
        'id,text\n1,"a\nb",c\n2,d\n',
        ["d"],
        [(2, "begins a row of 3 cells that ends on line 3, the header has 2")],
    ),
    "a NUL": (b"id,text\n1,a\x00b\n2,c\n", ["c"], [(2, "has a NUL byte")]),
    "bytes that are not UTF-8": (
        b"id,text\n1,a\n2,ba\xe6\x87\n3,b\xff\n4,\x80 c\n5,d\n",
        ["a", "d"],
        [(3, NOT_UTF_8), (4, NOT_UTF_8), (5, NOT_UTF_8)],
    ),
    "cp1252 in a file of UTF-8": (
        "id,text\n1,grün\n".encode() + "2,grün\n".encode("cp1252"),
        ["grün"],
        [(3, NOT_UTF_8)],
    ),
    "two encodings in one line": (
        b"id,text\n1,Gr\xc3\xbc\xdfe\n2,b\n",
        ["b"],
        [(2, NOT_UTF_8)],
    ),
    "two encodings in one line of cp1252": (
        "text\ngrün\nsüß\nschön\n".encode("cp1252") + b"Gr\xc3\xbc\xdfe\ngr\xfcn\x81\n",
        ["grün", "süß", "schön"],
        [(5, "is neither UTF-8 nor cp1252"), (6, "is neither UTF-8 nor cp1252")],
    ),
    "a line of UTF-8 in a file of cp1252": (
        "id,text\n1,grün\n2,süß\n".encode("cp1252") + "3,日本\n".encode(),
        ["grün", "süß", "日本"],
        [],
    ),
    "a bad byte in quoted lines": (
        b'id,text\n1,"a\nb\xff\nc"\n2,d\n',
        ["d"],
        [(2, NOT_UTF_8)],
    ),
    "UTF-16 that is cut inside a sign": (
        "id,text\n1,a\n2,b".encode("utf-16") + b"\xd8",
        ["a"],
        [(3, "is not UTF-16")],
    ),
    "a row that is too long": (
        f"id,text\n1,{'a' * MOST_CHARS}\n2,b\n",
        ["b"],
        [(2, "is longer than 1,048,576 characters")],
    ),
}


@pytest.mark.parametrize(("content", "texts", "left_out"), ROWS.values(), ids=ROWS)
def test_a_bad_row_costs_itself_and_is_named_by_its_line(tmp_path, content, texts, left_out):
    read_texts, rows, _ = read(tmp_path, content)
    assert read_texts == texts
    assert [line for line, _ in rows] == [line for line, _ in left_out]
    for (_, reason), (_, expected) in zip(rows, left_out, strict=True):
        assert reason.startswith(expected)


def test_a_quoted_row_that_is_too_long_costs_its_lines(tmp_path, monkeypatch):
    monkeypatch.setattr(csv_records, "MOST_CHARS", 100)
    content = 'id,text\n1,"' + "a\n" * 60 + '"\n2,b\n'
    texts, left_out, _ = read(tmp_path, content)
    assert texts == ["b"]
    assert [line for line, _ in left_out] == [*range(2, 63)]


JSON = {
    "one bad line": (
        b'{"id":1,"text":"I love it"}\n{"id":2,"text":"ba\xe6\x87"}\n{"id":3,"text":"good"}\n',
        ["I love it", "good"],
        [(2, NOT_UTF_8)],
    ),
    "Latin letters are not guessed": (
        b'{"text":"caf\xe9"}\n{"text":"a"}\n',
        ["a"],
        [(1, NOT_UTF_8)],
    ),
    "no object": (
        '["a"]\n{"text":"a"}\n{"text":\nnull\n5\n',
        ["a"],
        [
            (1, "is no JSON object, but an array: a row is an object"),
            *((n, "is no JSON object") for n in (3, 4, 5)),
        ],
    ),
    "a text that is none": (
        '{"text":"a"}\n{"text":5}\n{"text":["b"]}\n{"text":false}\n',
        ["a"],
        [(n, "has no field text with a string or null") for n in (2, 3, 4)],
    ),
    "rows without text": (
        '{"id":1}\n{"text":"a"}\n{"text":null}\n{"text":NaN}\n{"text":Infinity}\n{"id":2}\n',
        [None, "a", None, None, None, None],
        [],
    ),
    "a NUL": (b'{"text":"a\x00"}\n{"text":"b"}\n', ["b"], [(1, "has a NUL byte")]),
    "another case": ('{"Text":"a"}\n', ["a"], []),
    "a mark, and ends of old Macs": ('\ufeff{"text":"a"}\r{"text":"b"}\r', ["a", "b"], []),
    "UTF-16": ('{"text":"ä"}\n{"text":"b"}\n'.encode("utf-16"), ["ä", "b"], []),
    "a separator of lines that is none": ('{"text":"a\u2028b"}\n', ["a\u2028b"], []),
    "nothing": (b"", [], []),
}


@pytest.mark.parametrize(("content", "texts", "left_out"), JSON.values(), ids=JSON)
def test_json_lines(tmp_path, content, texts, left_out):
    assert read(tmp_path, content, name="in.jsonl")[:2] == (texts, left_out)


NAMED = {
    "the column": ("id,Tweet\n1,a\n", Reading(column="tweet"), ["a"]),
    "the delimiter": ("id:text\n1:a,b\n", Reading(delimiter=":"), ["a,b"]),
    "the delimiter, against a sep line": (
        "sep=;\nid,text\n1,a;b\n",
        Reading(delimiter=","),
        ["a;b"],
    ),
    "the encoding": ("text\nźdźbło\n".encode("cp1250"), Reading(encoding="cp1250"), ["źdźbło"]),
    "the encoding of a lone letter": (b"text\n\xe9\n", Reading(encoding="latin-1"), ["é"]),
    "UTF-8, against what looks like cp1252": (
        b"text\nna\xefve\na\n",
        Reading(encoding="utf8"),
        ["a"],
    ),
    "UTF-16 without a mark": ("text\nä\n".encode("utf-16-le"), Reading(encoding="utf-16"), ["ä"]),
    "UTF-16 with a mark": ("text\nä\n".encode("utf-16"), Reading(encoding="utf-16"), ["ä"]),
    "two bytes a sign": (
        "text\n日本\n".encode("shift_jis"),
        Reading(encoding="shift_jis"),
        ["日本"],
    ),
}


@pytest.mark.parametrize(("content", "reading", "texts"), NAMED.values(), ids=NAMED)
def test_what_a_user_names_wins(tmp_path, content, reading, texts):
    read_texts, _, _ = read(tmp_path, content, reading=reading)
    assert read_texts == texts


def test_a_column_of_json_may_be_named_too(tmp_path):
    content = '{"body":"a","text":5}\n'
    assert read(tmp_path, content, name="in.jsonl", reading=Reading("body"))[0] == ["a"]


def test_columns_of_one_name_keep_their_cells_and_their_name(tmp_path):
    _, _, file = read(tmp_path, "note,text,note,note\n1,a,2,3\n")
    assert [name_of(key) for key in file.columns] == ["note", "text", "note", "note"]
    with file:
        (row,) = file
    assert [*row.values()] == ["1", "a", "2", "3"]


@pytest.mark.parametrize("suffix", [".tsv", ".tab"])
def test_a_suffix_of_tabs_decides_where_the_header_does_not(tmp_path, suffix):
    assert read(tmp_path, "text\na, b\n", name=f"in{suffix}")[0] == ["a, b"]
    assert read(tmp_path, "id,text\n1,a\n", name=f"in{suffix}")[0] == ["a"]


def test_a_txt_is_read_if_it_has_tabs(tmp_path):
    content = "id\ttext\r\n1\tä\r\n".encode("utf-16")
    assert read(tmp_path, content, name="posts.txt")[0] == ["ä"]
    (tmp_path / "plain.txt").write_text("I love it\n")
    with pytest.raises(UsageError, match="is of no known form"):
        form_of(tmp_path / "plain.txt")


def test_what_is_packed_is_told_by_its_content(tmp_path):
    content = gzip.compress(b"id;text\n1;a\n")
    assert read(tmp_path, content)[0] == ["a"]
    assert read(tmp_path, content, name="in.csv.gz")[0] == ["a"]


WRONG = {
    "nothing": (b"", "in.csv is empty"),
    "empty lines": (b"\n\n", "in.csv is empty"),
    "a mark alone": (codecs.BOM_UTF8, "in.csv is empty"),
    "a sep line alone": (b"sep=;\n", "in.csv is empty"),
    "no such column": (
        b"id;body\n1;secret\n",
        "has no column text. Its columns, by semicolons, are: id, body."
        " Name the one with the texts by --column",
    ),
    "no header": (
        b"1,secret secret secret secret secret secret secret\n",
        "are: 1, \\(a long name\\)",
    ),
    "two columns of the name": (b"text,text\nsecret,secret\n", "two columns of one name, text"),
    "two columns but for the case": (b"Text,TEXT\nsecret,secret\n", "two columns of one name"),
    "a header without its end": (b'id,"text\n1,secret\n', "line 1, the header, is no CSV"),
    "a header that is not UTF-8": (b"id,text,\xff\n1,secret\n", "line 1, the header, is not UTF-8"),
    "a workbook": (b"PK\x03\x04secret", "is a workbook or a zip archive. Save the sheet as CSV"),
    "zeros": (bytes(1000), "line 1, the header, has a NUL byte"),
}


@pytest.mark.parametrize(("content", "says"), WRONG.values(), ids=WRONG)
def test_a_file_without_a_usable_header_is_refused(tmp_path, content, says):
    with pytest.raises(UsageError, match=says) as raised:
        read(tmp_path, content)
    assert "secret" not in str(raised.value)


def test_json_lines_without_the_field_are_refused_by_its_name(tmp_path):
    content = '{"body":"secret"}\n' * 3
    with pytest.raises(
        TextFileError, match=r"line 1 has no field text .*up to line 3\. .*are: body"
    ) as raised:
        read(tmp_path, content, name="in.jsonl")
    assert "secret" not in str(raised.value)
    assert raised.value.exit_code == 2


@pytest.mark.parametrize("name", [";;", "", '"', "\n", "\x00"])
def test_a_delimiter_is_one_sign(name):
    with pytest.raises(UsageError, match="a delimiter is one sign"):
        reading_of("text", name, None)


@pytest.mark.parametrize(("name", "sign"), [("tab", "\t"), ("\\t", "\t"), ("Semicolon", ";")])
def test_a_delimiter_has_a_word(name, sign):
    assert reading_of("text", name, None).delimiter == sign


@pytest.mark.parametrize("name", ["klingon", "base64", "rot13", "undefined", "a\x00b"])
def test_an_encoding_is_one_of_texts(name):
    with pytest.raises(UsageError, match="is no encoding of texts"):
        reading_of("text", None, name)


def test_the_first_line_beyond_ascii_decides_behind_the_sample(tmp_path):
    start = "id,text\n" + f"1,{'a' * 10_000}\n" * (SAMPLE_BYTES // 10_000 + 1)
    rows = start.count("\n") - 1
    western = start.encode() + "2,grün\n3,süß\n".encode("cp1252")
    assert read(tmp_path, western)[0][rows:] == ["grün", "süß"]
    mixed = start.encode() + "2,grün\n".encode() + "3,süß\n".encode("cp1252")
    texts, left_out, _ = read(tmp_path, mixed)
    assert (texts[rows:], left_out) == (["grün"], [(rows + 3, NOT_UTF_8)])


def test_quotes_that_never_end_cost_work_in_proportion_to_the_file(tmp_path, monkeypatch):
    """Each line continues the quoted cell of the line before it, up to the longest row."""
    monkeypatch.setattr(csv_records, "MOST_CHARS", 1_000)
    monkeypatch.setattr(csv_records, "_READ_AGAIN", 10_000)
    lines = 0
    begun = csv_records.Lines.fault_of

    def counted(self, text):
        nonlocal lines
        lines += 1
        return begun(self, text)

    monkeypatch.setattr(csv_records.Lines, "fault_of", counted)
    count = 2_000
    texts, left_out, _ = read(tmp_path, "id,text\n" + 'x",",\n' * count + "1,a\n")
    assert (len(texts), len(left_out)) == (1, count)
    assert lines < 20 * count


def test_a_file_that_is_no_file_is_read_too(tmp_path):
    """A pipe has neither a size nor a position."""
    pipe = tmp_path / "in.csv"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(b"id;text\n1;a\n",))
    writer.start()
    seen = []
    with TextFile(pipe, "text", progress=lambda *done: seen.append(done)) as file:
        assert [file.value(row, "text") for row in file] == ["a"]
    writer.join()
    assert seen == [(1, 0.0)]
