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


def run(*words):
    done = CliRunner().invoke(app, ["score", *map(str, words)])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0
    return done


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


def test_a_file_may_be_written_over_itself(folder):
    source = folder("in.csv", "text\ngood\n")
    run("--file", source, "--out", source)
    run("--file", source, "--out", source)
    assert [row["label"] for row in opened(source)] == ["positive"]


def test_memory_holds_a_chunk(folder, monkeypatch):
    """Rows are asked for as they are scored, not before."""
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
    assert not list(tmp_path.glob("*out*"))  # neither a part nor a whole


def test_it_needs_no_spark():
    program = (
        "import sys; from typer.testing import CliRunner; from cli.main import app;"
        " done = CliRunner().invoke(app, ['score', 'good']); assert done.exit_code == 0;"
        " sys.exit(bool({'pyspark', 'delta', 'confluent_kafka'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False, timeout=60).returncode == 0
