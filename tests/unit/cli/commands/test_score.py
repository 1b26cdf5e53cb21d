"""`echostream score` returns the same rows with their scores; its errors quote no text."""

import csv
import gzip
import io
import json
import subprocess
import sys

import pytest
from typer.testing import CliRunner
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from cli.commands import score
from cli.input.text_files import TextFile, TextFileError
from cli.main import app
from foundation.errors import EchoStreamError, UsageError

SCORES = ["label", "compound", "confidence", "scorer", "scorer_version"]


def run(*words, exit_code=0):
    done = CliRunner().invoke(app, ["score", *map(str, words)])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == exit_code
    return done


def left_out_of(*words):
    """Return the error with which the command ends when its other rows are done."""
    done = CliRunner().invoke(app, ["score", *map(str, words)])
    assert isinstance(done.exception, TextFileError)
    assert done.exception.exit_code == 1
    return done, str(done.exception)


@pytest.fixture
def folder(tmp_path):
    def write(name, content):
        path = tmp_path / name
        raw = content if isinstance(content, bytes) else content.encode()
        path.write_bytes(gzip.compress(raw) if name.endswith(".gz") else raw)
        return path

    return write


@pytest.fixture
def inside(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def opened(path):
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return list(csv.DictReader(io.StringIO(content.decode(), newline="")))


def test_a_text():
    said = dict(
        line.split(maxsplit=1)
        for line in run("What a wonderful day!", "--all-figures").stdout.splitlines()
    )
    figures = SentimentIntensityAnalyzer().polarity_scores("What a wonderful day!")
    assert (said["label"], said["scorer"]) == ("positive", "vader")
    assert {name: float(said[name]) for name in figures} == figures


@pytest.mark.parametrize("suffix", ["csv", "csv.gz"])
def test_csv_rows_come_out_with_their_scores(folder, tmp_path, suffix):
    texts = ["good", "bad", 'a "quoted", word', "two\nlines", "a lone \r", "", "😀"]
    rows = [{"id": str(number), "text": text, "note": "x,y"} for number, text in enumerate(texts)]
    into = tmp_path / f"out.{suffix}"
    source = folder(f"in.{suffix}", "")
    with (
        gzip.open(source, "wt", newline="")
        if suffix.endswith("gz")
        else source.open("w", newline="") as stream
    ):
        writer = csv.DictWriter(stream, ["id", "text", "note"])
        writer.writeheader()
        writer.writerows(rows)
    run("--file", source, "--out", into, "--all-figures")
    came = opened(into)
    assert [{name: row[name] for name in ("id", "text", "note")} for row in came] == rows
    assert list(came[0]) == ["id", "text", "note", *SCORES, "neg", "neu", "pos"]
    expected = [SentimentIntensityAnalyzer().polarity_scores(text) for text in texts]
    assert [
        {name: float(row[name]) for name in ("neg", "neu", "pos", "compound")} for row in came
    ] == expected


def test_json_lines_keep_their_fields(folder, tmp_path):
    lines = [
        '{"n": 123456789012345678901234, "text": "good", "x": {"y": [1.0]}}',
        '{"text": null}',
        "",
        '{"text": "\\ud83d bad", "label": "mine"}',
    ]
    done = run("--file", folder("in.jsonl", "\n".join(lines)), "--out", tmp_path / "out.jsonl")
    rows = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert list(rows[0]) == ["n", "text", "x", *SCORES]
    assert (rows[0]["n"], rows[0]["x"]) == (123456789012345678901234, {"y": [1.0]})
    assert [row["label"] for row in rows] == ["positive", None, "negative"]
    assert rows[1] == {
        "text": None,
        "label": None,
        "compound": None,
        "confidence": rows[1]["confidence"],
    } | {name: rows[0][name] for name in ("scorer", "scorer_version")}
    assert rows[2]["text"] == "\ud83d bad"
    assert "replaced  label" in done.stderr


def test_the_summary(folder, tmp_path):
    source = folder("in.csv", "text\ngood\nbad\nbad\ntrain\n")
    said = run("--file", source, "--out", tmp_path / "out.csv", "--scorer", "textblob").stdout
    assert "scorer    textblob 0.20.1" in said
    assert "rows      4 in" in said
    assert "negative  2 (50.0%)" in said
    assert "compound  -0.1750 on average" in said


def test_without_out_the_rows_are_all_that_standard_output_holds(folder):
    done = run("--file", folder("in.csv", "\ufefftext\ngood\n"))
    assert done.stdout.splitlines()[0] == ",".join(["text", *SCORES])
    assert len(done.stdout.splitlines()) == 2
    assert "rows      1 in" in done.stderr


def test_no_rows_are_a_header(folder, tmp_path):
    run("--file", folder("in.csv", "text,id\r\n"), "--out", tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_text() == ",".join(["text", "id", *SCORES]) + "\n"


MESSY = {
    "in.csv": (
        b'id,text\n1,I love it\n2,bad, very bad\n3,"he said "no" to me"\n4,b\xe6\x87\n5,awful\n',
        [("1", "positive"), ("5", "negative")],
        {3: "ends a row of 3 cells, the header has 2", 4: "is no CSV", 5: "is not UTF-8"},
        5,
    ),
    "in.jsonl": (
        b'{"id":"1","text":"I love it"}\n{"id":"2","text":"ba\xe6\x87"}\n{"id":"3","text":5}\n'
        b'{"id":"4","text":"awful"}\n',
        [("1", "positive"), ("4", "negative")],
        {2: "is not UTF-8", 3: "has no field text with a string or null"},
        4,
    ),
}


@pytest.mark.parametrize("errors", ["errors.csv", "errors.jsonl"])
@pytest.mark.parametrize("name", MESSY)
def test_a_bad_row_costs_itself_and_is_named(folder, tmp_path, name, errors):
    content, labels, reasons, rows = MESSY[name]
    source = folder(name, content)
    out = tmp_path / f"out{source.suffix}"
    done, says = left_out_of("--file", source, "--out", out, "--errors", tmp_path / errors)
    came = opened(out) if out.suffix == ".csv" else [*map(json.loads, out.read_text().splitlines())]
    assert [(row["id"], row["label"]) for row in came] == labels
    listed = (tmp_path / errors).read_text()
    if errors.endswith("csv"):
        named = [(int(row["line"]), row["reason"]) for row in csv.DictReader(io.StringIO(listed))]
    else:
        named = [(row["line"], row["reason"]) for row in map(json.loads, listed.splitlines())]
    assert [line for line, _ in named] == [*reasons]
    assert all(reason.startswith(reasons[line]) for line, reason in named)
    assert f"{len(reasons)} of {rows} rows are left out: line" in says
    assert f"{tmp_path / errors} lists them" in says
    assert "rows      2 in" in done.stdout
    for text in ("love", "awful", "he said"):
        assert text not in says + listed + done.stdout


def test_the_error_names_the_first_rows_and_counts_the_others(folder):
    source = folder("in.csv", "id,text\n" + "1\n" * 1_005 + "2,good\n")
    done, says = left_out_of("--file", source)
    assert "1,005 of 1,006 rows are left out: line 2 ends" in says
    assert "line 4 ends a row of 1 cells, the header has 2; and 1,002 more. Mend" in says
    assert "--errors FILE lists them" in says
    assert done.stdout.splitlines()[1].startswith("2,good,positive")


def test_a_file_without_bad_rows_has_a_list_without_rows(folder, tmp_path):
    run("--file", folder("in.csv", "text\ngood\n"), "--errors", tmp_path / "errors.csv")
    assert (tmp_path / "errors.csv").read_text() == "line,reason\n"


def test_a_file_of_excel_comes_out_as_excel_reads_it(folder, tmp_path):
    source = folder("in.csv", b'\xef\xbb\xbfid;text\r\n1;I love it\r\n2;"bad; really bad"\r\n')
    said = run("--file", source, "--out", tmp_path / "out.csv").stdout
    assert "read as   utf-8, by semicolons" in said
    written = (tmp_path / "out.csv").read_bytes()
    assert written.startswith(b"\xef\xbb\xbfid;text;label;")
    rows = list(csv.DictReader(io.StringIO(written.decode("utf-8-sig")), delimiter=";"))
    assert [(row["text"], row["label"]) for row in rows] == [
        ("I love it", "positive"),
        ("bad; really bad", "negative"),
    ]
    run("--file", source, "--out", tmp_path / "out.tsv")
    assert (tmp_path / "out.tsv").read_text("utf-8-sig").startswith("id\ttext\tlabel")


def test_excels_unicode_text_and_its_cp1252_keep_their_letters(folder, tmp_path):
    for name, encoding in (("in.txt", "utf-16"), ("in.csv", "cp1252")):
        source = folder(name, "Text\tNote\r\ngood\tGrüße\r\n".encode(encoding))
        out = tmp_path / f"{encoding}.csv"
        said = run("--file", source, "--out", out).stdout
        assert f"read as   {encoding}, by tabs" in said
        assert out.read_bytes().startswith(b"\xef\xbb\xbf")
        assert "Grüße" in out.read_text("utf-8")


def test_a_user_names_column_delimiter_and_encoding(folder):
    source = folder("in.csv", "id:Tweet\n1:schön, good\n".encode("latin-1"))
    words = ("--column", "tweet", "--delimiter", ":", "--encoding", "latin-1")
    assert "1:schön, good:positive" in run("--file", source, *words).stdout


def test_columns_of_one_name_come_out_as_they_went_in(folder):
    done = run("--file", folder("in.csv", "note,text,note\n1,good,2\n"))
    assert done.stdout.splitlines()[0].startswith("note,text,note,label")
    assert done.stdout.splitlines()[1].startswith("1,good,2,positive")


FORMULAS = ["=1+1", "+1 great", "-2+3+cmd|' /C calc'!A0", "@SUM(1)", "\tgood", "\uff1d1+1"]
PLAIN = ["-3.5", "+49", "good", "'=1+1"]


def test_no_text_comes_out_as_a_formula_unless_it_is_asked_for(folder, tmp_path):
    rows = io.StringIO(newline="")
    csv.writer(rows).writerows([["=id", "text"], *(["-7", text] for text in FORMULAS + PLAIN)])
    source = folder("in.csv", rows.getvalue())
    run("--file", source, "--out", tmp_path / "out.csv")
    came = opened(tmp_path / "out.csv")
    assert [row["text"] for row in came] == [*(f"'{text}" for text in FORMULAS), *PLAIN]
    assert {row["'=id"] for row in came} == {"-7"}
    assert all(-1 <= float(row["compound"]) <= 1 for row in came)
    run("--file", source, "--out", tmp_path / "raw.csv", "--raw")
    assert [row["text"] for row in opened(tmp_path / "raw.csv")] == FORMULAS + PLAIN


def test_json_keeps_formulas_and_has_no_number_that_json_lacks(folder):
    lines = '{"id":NaN,"text":"=1+1"}\n{"id":[1e999,{"x":-Infinity}],"text":NaN}\n'
    done = run("--file", folder("in.jsonl", lines))
    first, second = map(json.loads, done.stdout.splitlines())
    assert not {"NaN", "Infinity"} & set(done.stdout.replace(":", " ").replace(",", " ").split())
    assert (first["id"], first["text"]) == (None, "=1+1")
    assert (second["id"], second["text"], second["label"]) == ([None, {"x": None}], None, None)
    assert "no text   1 rows have none" in done.stderr


def test_a_file_may_be_written_over_itself(folder):
    source = folder("in.csv", "text\ngood\n")
    run("--file", source, "--out", source)
    run("--file", source, "--out", source)
    assert [row["label"] for row in opened(source)] == ["positive"]


def test_memory_holds_a_chunk(folder, monkeypatch):
    """Rows are read only when they are scored."""
    held = 0
    most = 0

    def rows(self):
        nonlocal held, most
        for _ in range(50):
            held += 1
            most = max(most, held)
            yield {"text": "good"}

    class Writer:
        def row(self, row):
            nonlocal held
            held -= 1

    monkeypatch.setattr(score, "AT_ONCE", 10)
    monkeypatch.setattr(TextFile, "__iter__", rows)
    scorer = score.RowScorer(score_of("vader"), all_figures=False)
    for row in score.scored_rows(TextFile(folder("in.csv", "")), scorer, score.Summary()):
        Writer().row(row)
    assert (held, most) == (0, 10)


def score_of(name):
    from transforms.scoring.registry import load_scorer
    from transforms.scoring.score import ScorerOptions

    return load_scorer(ScorerOptions(name))


WRONG = {
    "nothing to score": ((), UsageError, "one text or --file is needed"),
    "two things to score": (("x", "--file", "in.csv"), UsageError, "one text or --file is needed"),
    "no such file": (("--file", "none.csv"), TextFileError, "cannot read none.csv"),
    "unknown form": (("--file", "in.txt"), UsageError, "is of no known form"),
    "another form": (
        ("--file", "in.csv", "--out", "out.jsonl"),
        UsageError,
        "are of different forms",
    ),
    "unknown scorer": (("x", "--scorer", "oracle"), UsageError, "scorer oracle is unknown"),
    "no figures": (
        ("x", "--scorer", "textblob", "--all-figures"),
        UsageError,
        "has no neg, neu and pos",
    ),
    "out without file": (("x", "--out", "out.csv"), UsageError, "--out goes with --file"),
    "errors without file": (("x", "--errors", "e.csv"), UsageError, "--errors goes with --file"),
    "errors over the file": (
        ("--file", "in.csv", "--errors", "in.csv"),
        UsageError,
        "in.csv has two uses",
    ),
    "errors in no folder": (
        ("--file", "in.csv", "--errors", "none/e.csv"),
        TextFileError,
        "cannot write none/e.csv",
    ),
    "no delimiter": (
        ("--file", "in.csv", "--delimiter", "::"),
        UsageError,
        "a delimiter is one sign",
    ),
    "no encoding": (
        ("--file", "in.csv", "--encoding", "klingon"),
        UsageError,
        "klingon is no encoding of texts",
    ),
    "no such folder": (
        ("--file", "in.csv", "--out", "none/out.csv"),
        TextFileError,
        "cannot write none/out.csv",
    ),
    "no text column": (
        ("--file", "other.csv"),
        UsageError,
        "Its columns, by commas, are: id, body",
    ),
    "ragged": (
        ("--file", "ragged.csv"),
        TextFileError,
        "line 3 ends a row of 3 cells, the header has 2",
    ),
    "two of one name": (("--file", "twice.csv"), UsageError, "two columns of one name"),
    "open quotes": (("--file", "quotes.csv"), TextFileError, "is no CSV"),
    "not UTF-8": (("--file", "latin.csv"), TextFileError, "is not UTF-8"),
    "no object": (("--file", "list.jsonl"), TextFileError, "line 2 is no JSON object"),
    "too deep": (("--file", "deep.jsonl"), TextFileError, "line 1 is no JSON object"),
    "no field": (
        ("--file", "field.jsonl"),
        TextFileError,
        "line 1 has no field text with a string",
    ),
    "half a .gz": (("--file", "half.csv.gz"), TextFileError, "cannot read half.csv.gz"),
}


@pytest.mark.parametrize(("words", "error", "says"), WRONG.values(), ids=WRONG)
@pytest.mark.usefixtures("inside")
def test_what_is_wrong_is_said(folder, tmp_path, words, error, says):
    folder("in.csv", "text\nsecret\n")
    folder("other.csv", "id,body\n1,secret\n")
    folder("ragged.csv", "id,text\n1,secret\n1,secret,secret\n")
    folder("twice.csv", "text,text\nsecret,secret\n")
    folder("quotes.csv", 'text\n"secret\n')
    folder("latin.csv", b"text\nsecret \xe9\n")
    folder("list.jsonl", '{"text": "secret"}\n["secret"]\n')
    folder("deep.jsonl", "[" * 100_000)
    folder("field.jsonl", '{"body": "secret"}\n')
    (tmp_path / "half.csv.gz").write_bytes(gzip.compress(b"text\n" + b"secret " * 999)[:-20])
    with pytest.raises(EchoStreamError, match=says) as raised:
        run(*words)
    assert isinstance(raised.value, error)
    assert "secret" not in str(raised.value)
    assert not list(tmp_path.glob("*out*"))  # neither a part nor the whole file


def test_it_needs_no_spark():
    program = (
        "import sys; from typer.testing import CliRunner; from cli.main import app;"
        " done = CliRunner().invoke(app, ['score', 'good']); assert done.exit_code == 0;"
        " sys.exit(bool({'pyspark', 'delta', 'confluent_kafka'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False, timeout=60).returncode == 0
