"""`echostream scrub` reads standard input and writes standard output, without Spark."""

import io
import json
import subprocess
import sys
from functools import partial

import pytest

from cli.commands import scrub as command
from cli.commands.scrub import Fields, Form, ScrubError, chunks_of, lines_of, scrubbed
from transforms.pii.options import Options
from transforms.pii.sanitizer import Sanitizer


def scrub(stdin, *words):
    return subprocess.run(
        [sys.executable, "-m", "cli.main", "scrub", *words],
        input=stdin,
        capture_output=True,
        check=False,
        timeout=120,
    )


def test_lines_come_out_clean_and_bytes_that_are_no_text_stay():
    done = scrub(b"mail jane@example.org\r\n\xff @jane\nlast")
    assert (done.returncode, done.stdout) == (0, b"mail <EMAIL>\r\n\xff <HANDLE>\nlast")


def test_objects_keep_their_fields_and_get_spans():
    post = {
        "id": 7,
        "text": "Jane Doe asks \ud83d\ude00 @bob",
        "author_name": "Jane Doe",
        "mentions": ["bob", None],
    }
    done = scrub(json.dumps(post).encode() + b"\n\n" + b'{"text": null}\n', "--format", "jsonl")
    first, second = map(json.loads, done.stdout.splitlines())
    spans = [{"start": 0, "end": 8, "type": "PERSON"}, {"start": 16, "end": 20, "type": "HANDLE"}]
    text = "<PERSON> asks \U0001f600 <HANDLE>"
    assert first == {
        "id": 7,
        "text": text,
        "author_name": "<PERSON>",
        "mentions": ["<PERSON>", None],
        "spans": spans,
    }
    assert second == {"text": None, "spans": []}


def test_a_broken_line_ends_with_its_number_and_nothing_of_it():
    for broken in (
        b"{jane@example.org",
        b"[1]",
        b'{"text": 1}',
        b'{"text": "a", "mentions": [1]}',
        b"\xff",
    ):
        done = scrub(b'{"text": "a"}\n' + broken + b"\n", "--format", "jsonl")
        assert done.returncode == 1
        assert b"2" in done.stderr
        assert b"jane" not in done.stderr
        assert done.stderr.count(b"\n") == 1


MADE = {
    "text": "hi",
    "user": {"bio": ["mail kim@example.org"], "age": 7},
    "title": "call +27 82 555 0143",
}
ENCODINGS = ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"]


def sanitizer():
    return Sanitizer(Options(persons="off"))


def cleaned(stdin, form=Form.TEXT, fields=None):
    return b"".join(scrubbed(lines_of(io.BytesIO(stdin)), form, sanitizer(), fields))


def test_every_string_of_an_object_is_clean():
    (line,) = cleaned(json.dumps(MADE).encode() + b"\n", Form.JSONL).splitlines()
    clean = {
        "text": "hi",
        "user": {"bio": ["mail <EMAIL>"], "age": 7},
        "title": "call <PHONE>",
        "spans": [],
    }
    assert json.loads(line) == clean
    assert cleaned(b'{"body": "ask @kim"}\n', Form.JSONL) == b'{"body":"ask <HANDLE>","spans":[]}\n'


@pytest.mark.parametrize(
    ("named", "path", "remarks"),
    [
        ({"title"}, "title", ["left as they were: text, user.bio"]),
        ({"user"}, "user", ["left as they were: text, title"]),
        ({"user.bio", "text"}, "user", ["left as they were: title"]),
        (
            {"user.b"},
            None,
            ["left as they were: text, title, user.bio", "no line has a text in: user.b"],
        ),
    ],
)
def test_named_fields_are_clean_and_others_are_told(named, path, remarks):
    fields = Fields(frozenset(named))
    clean = json.loads(cleaned(json.dumps(MADE).encode() + b"\n", Form.JSONL, fields))
    assert [key for key in MADE if clean[key] != MADE[key]] == ([path] if path else [])
    assert list(fields.remarks()) == remarks


def test_the_command_tells_which_fields_it_left():
    done = scrub(json.dumps(MADE).encode(), "--format", "jsonl", "--fields", "user.bio,title")
    assert (done.returncode, done.stderr) == (0, b"left as they were: text\n")
    assert b"kim" not in done.stdout
    done = scrub(b"kim@example.org", "--fields", "title")
    assert (done.returncode, done.stdout) == (2, b"")


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("marked", [True, False])
def test_a_text_of_wide_letters_is_decoded_or_refused(encoding, marked):
    text = "write to kim@example.org\nor call +27 82 555 0143 \u00e9\n"
    mark = "\ufeff" if marked and encoding[-1] == "e" else ""
    stdin = (mark + text).encode(encoding)
    if marked or encoding[-1] != "e":
        assert cleaned(stdin).decode() == "write to <EMAIL>\nor call <PHONE> \u00e9\n"
    else:
        with pytest.raises(ScrubError, match=r"Line 1 .*UTF-16"):
            cleaned(stdin)


def test_a_line_of_wide_letters_far_down_ends_the_output_before_it():
    late = "mail kim@example.org\n" * 300
    done = scrub(late.encode() + "mail kim@example.org\n".encode("utf-16-le") + b"after\n")
    assert (done.returncode, set(done.stdout.splitlines())) == (1, {b"mail <EMAIL>"})
    assert b"Line 301" in done.stderr
    assert b"the output ends before it" in done.stderr


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_few_wide_digits_among_other_letters_are_refused(encoding):
    text = "\u0437\u0432\u043e\u043d\u0438" * 9 + " 0825550143\n"
    with pytest.raises(ScrubError, match="Line 1"):
        cleaned(text.encode(encoding))


NAMES = [
    ({"kim@example.org": 1, "ann@example.org": "b"}, {"<EMAIL>": 1, "<EMAIL> 2": "b"}),
    ({"<EMAIL>": 0, "kim@example.org": 1}, {"<EMAIL>": 0, "<EMAIL> 2": 1}),
    ({"a": [{"call +27 82 555 0143": {"b": 1}}]}, {"a": [{"call <PHONE>": {"b": 1}}]}),
    ({"kim\u0007@example.org": 1}, {"<EMAIL>": 1}),
    ({"@type": "a", "http://a.example/b": 1, "17900000000000001": 2}, None),
]


@pytest.mark.parametrize(("post", "expected"), NAMES)
def test_names_of_fields_hold_no_address_and_no_number(post, expected):
    clean = json.loads(cleaned(json.dumps(post).encode(), Form.JSONL))
    assert list(clean.items())[:-1] == list((expected or post).items())


def test_what_is_told_of_fields_that_were_left_holds_no_address():
    fields = Fields(frozenset({"text"}))
    cleaned(
        b'{"text": "a", "by": {"kim@example.org": "b", "ann@example.org": {"c": "d"}}}',
        Form.JSONL,
        fields,
    )
    assert list(fields.remarks()) == ["left as they were: by.<EMAIL>, by.<EMAIL>.c"]


def test_a_damaged_text_of_wide_letters_is_refused():
    with pytest.raises(ScrubError, match="begins as UTF-16"):
        cleaned("\ufeffkim@example.org".encode("utf-16-le") + b"a")


@pytest.mark.parametrize("control", ["\x00", "\x07", "\x1b", "\x7f", "\x9f"], ids=ascii)
def test_control_characters_hide_nothing(control):
    text = f"mail kim{control}@exam{control}ple.org, call 082{control} 555{control} 0143\n"
    assert cleaned(text.encode()) == b"mail <EMAIL>, call <PHONE>\n"
    assert (
        json.loads(cleaned(json.dumps({"a": text}).encode(), Form.JSONL))["a"]
        == "mail <EMAIL>, call <PHONE>\n"
    )


def test_a_space_of_latin_1_hides_no_number():
    assert cleaned(b"caf\xe9: 082\xa0555\xa00143\n") == b"caf\xe9: <PHONE>\n"


@pytest.mark.parametrize(
    "text", ["", "\n", "a\n", "a\nb", "abc\nd\n", "abcd", "\n\n\n\n\na", "abcde\n"]
)
def test_lines_stay_lines(text):
    assert cleaned(text.encode()) == text.encode()


MANY = [
    json.dumps({"text": f"mail kim{number}@example.org", "id": number, "more": {"a": "x"}}).encode()
    + b"\n"
    for number in range(1500)
]


@pytest.mark.parametrize(
    ("last", "says"), [(b"", None), (b'{"text": 1}\n', "Line 1501 ")], ids=["whole", "broken"]
)
def test_two_processes_write_what_one_does(monkeypatch, last, says):
    lines = [*MANY, last] if last else MANY
    alone = Fields(frozenset({"text"}))
    expected = []
    refused = None
    try:
        expected.extend(scrubbed(lines, Form.JSONL, sanitizer(), alone))
    except ScrubError as error:
        refused = str(error)
    monkeypatch.setattr(command, "processes", lambda: 2)
    monkeypatch.setattr(command, "_FEW", 1)
    make = partial(command._work, Form.JSONL, Options(persons="off"), alone.named)
    outcomes = list(command._outcomes(chunks_of(lines), make))
    assert [line for outcome in outcomes for line in outcome.lines] == expected
    assert [str(outcome.error) for outcome in outcomes if outcome.error] == [refused] * bool(says)
    assert says is None or says in refused
    together = Fields(alone.named)
    for outcome in outcomes:
        together.add(outcome.fields)
    assert (together.left, together.used) == (alone.left, alone.used)
    assert sum(outcome.size for outcome in outcomes) == sum(map(len, lines))


def test_lines_are_taken_by_number_and_by_size():
    long = b"a" * 600_000 + b"\n"
    sizes = [len(chunk) for chunk in chunks_of([long] * 3 + [b"a\n"] * 300)]
    assert sizes == [2, 256, 45]


def test_progress_is_for_terminals_alone(monkeypatch, capsys):
    for streams, shows in (((True, False), True), ((True, True), False), ((False, False), False)):
        for stream, is_terminal in zip((sys.stderr, sys.stdout), streams, strict=True):
            monkeypatch.setattr(stream, "isatty", lambda is_terminal=is_terminal: is_terminal)
        monkeypatch.setattr(command, "_size_of", lambda _: 3_000_000)
        with command._progress() as tell:
            tell(2_500_000)
            tell(500_000)
        said = capsys.readouterr()
        assert said.out == ""
        assert ("scrub: 3 MB in " in said.err) is shows


def test_spark_is_not_loaded():
    code = (
        "import sys, cli.commands.scrub; "
        "sys.exit(any(name.startswith('pyspark') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0
