"""`echostream scrub`: standard input to standard output, and no Spark."""

import json
import subprocess
import sys


def scrub(stdin, *words):
    return subprocess.run(
        [sys.executable, "-m", "cli.main", "scrub", *words], input=stdin, capture_output=True, check=False, timeout=120
    )


def test_lines_come_out_clean_and_bytes_that_are_no_text_stay():
    done = scrub(b"mail jane@example.org\r\n\xff @jane\nlast")
    assert (done.returncode, done.stdout) == (0, b"mail <EMAIL>\r\n\xff <HANDLE>\nlast")


def test_objects_keep_their_fields_and_get_spans():
    post = {"id": 7, "text": "Jane Doe asks \ud83d\ude00 @bob", "author_name": "Jane Doe", "mentions": ["bob", None]}
    done = scrub(json.dumps(post).encode() + b"\n\n" + b'{"text": null}\n', "--format", "jsonl")
    first, second = map(json.loads, done.stdout.splitlines())
    spans = [{"start": 0, "end": 8, "type": "PERSON"}, {"start": 16, "end": 20, "type": "HANDLE"}]
    assert first == post | {"text": "<PERSON> asks \U0001f600 <HANDLE>", "spans": spans}
    assert second == {"text": None, "spans": []}


def test_a_broken_line_ends_with_its_number_and_nothing_of_it():
    for broken in (
        b"{jane@example.org",
        b"[1]",
        b'{"a": 1}',
        b'{"text": 1}',
        b'{"text": "a", "mentions": [1]}',
        b"\xff",
    ):
        done = scrub(b'{"text": "a"}\n' + broken + b"\n", "--format", "jsonl")
        assert done.returncode == 1
        assert b"2" in done.stderr
        assert b"jane" not in done.stderr
        assert done.stderr.count(b"\n") == 1


def test_spark_is_not_loaded():
    code = "import sys, cli.scrub; sys.exit(any(name.startswith('pyspark') for name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0
