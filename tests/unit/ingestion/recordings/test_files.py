import gzip
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from foundation.errors import PayloadFileError
from ingestion.recordings import files as payload_files
from ingestion.recordings.files import BrokenLine, Document, read_documents

THING = {"kind": "t1", "data": {"body": "hi", "n": 2**70}}


def read(path: Path, content: str | bytes) -> list[Document | BrokenLine]:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return list(read_documents(path))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "payloads.jsonl"


def lines(*values: Any) -> str:
    return "".join(json.dumps(value) + "\n" for value in values)


@pytest.mark.parametrize("packed", [False, True])
def test_json_lines_plain_or_gzip(path: Path, packed: bool):
    text = lines(THING, [THING], 3).encode()
    assert read(path, gzip.compress(text) if packed else text) == [
        Document(THING),
        Document([THING]),
        Document(3),
    ]


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("value", [THING, [THING, THING], [[1, 2], [3]], {"a": {"b": 1}, "c": []}])
def test_one_document(path: Path, value: Any, indent: int | None):
    assert read(path, json.dumps(value, indent=indent)) == [Document(value)]


def test_an_array_with_one_element_per_line_is_one_document(path: Path):
    assert read(path, '[\n{"a":1},\n{"a":2}\n]\n') == [Document([{"a": 1}, {"a": 2}])]


@pytest.mark.parametrize(
    ("observed_at", "micros"),
    [
        ("2026-01-01T00:00:00Z", 1_767_225_600_000_000),
        ("2026-01-01T00:00:00", 1_767_225_600_000_000),
        (17, 17),
        (-1, None),
        (True, None),
        ("soon", None),
        (None, None),
    ],
)
def test_a_wrapper_gives_its_body_and_when_it_was_observed(
    path: Path, observed_at: Any, micros: int | None
):
    wrapper = {"uri": "x", "status": 200, "observed_at": observed_at, "body": [THING]}
    assert read(path, lines(wrapper)) == [Document([THING], micros)]


def test_an_object_whose_body_is_text_is_no_wrapper(path: Path):
    assert read(path, lines({"body": "hi"})) == [Document({"body": "hi"})]


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param('{"a": "b', id="in a string"),
        pytest.param("nonsense", id="no JSON"),
        pytest.param('{"a": NaN}', id="NaN"),
        pytest.param('{"a": 1', id="open"),
        pytest.param('{"a":', id="colon"),
        pytest.param('{"a": [', id="bracket"),
        pytest.param('{"n":' + "9" * 5000 + "}", id="huge number"),
        pytest.param("[" * 5000, id="deep and open"),
        pytest.param("[" * 450 + "]" * 450, id="deep"),
    ],
)
@pytest.mark.parametrize("first", [True, False])
def test_a_broken_line_does_not_stop_the_rest(path: Path, broken: str, first: bool):
    good = json.dumps(THING)
    order = [broken, good, good] if first else [good, broken, good]
    expected: list[Document | BrokenLine] = [Document(THING), Document(THING)]
    expected.insert(0 if first else 1, BrokenLine(broken))
    assert read(path, "\n\n".join(order)) == expected


def test_bytes_that_are_not_utf8_are_shown_and_do_not_stop_the_rest(path: Path):
    assert read(path, b'{"a": "\xff"}\n{"a": 1}\n') == [
        BrokenLine('{"a": "\\xff"}'),
        Document({"a": 1}),
    ]


def test_a_byte_order_mark_is_no_content(path: Path):
    assert read(path, b"\xef\xbb\xbf" + lines(THING).encode()) == [Document(THING)]


def test_an_empty_file_holds_nothing(path: Path):
    assert read(path, "\n \n") == []


def test_json_lines_are_not_read_ahead(path: Path):
    path.write_text(lines(*({"n": n} for n in range(200_000))))
    assert next(read_documents(path)) == Document({"n": 0})


def test_a_missing_file_is_named(tmp_path: Path):
    with pytest.raises(PayloadFileError, match=r"nothing\.json"):
        list(read_documents(tmp_path / "nothing.json"))


def test_a_cut_off_gzip_gives_what_it_holds_and_then_names_file_and_line(path: Path):
    noise = [{"n": n, "x": str(hash((n, "x")))} for n in range(20_000)]
    packed = gzip.compress(lines(*noise).encode())
    path.write_bytes(packed[: len(packed) // 2])
    read_ones = []
    with pytest.raises(PayloadFileError, match=r"payloads\.jsonl after line \d{3,}"):
        read_ones.extend(iter(read_documents(path)))
    assert not read_ones or read_ones[0] == Document(noise[0])


def test_a_damaged_document_over_several_lines_names_the_line(path: Path):
    path.write_text('{\n  "a": 1,\n  "b": oops\n}\n')
    with pytest.raises(PayloadFileError, match="line 3"):
        list(read_documents(path))


def test_a_document_too_large_is_refused_with_its_line(path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(payload_files, "MAX_DOCUMENT_BYTES", 100)
    path.write_text(lines(1, "x" * 200))
    with pytest.raises(PayloadFileError, match="line 2"):
        list(read_documents(path))


MEMBER = 16 * 1024 * 1024
READER = """
import resource, sys
from pathlib import Path
from foundation.errors import PayloadFileError
from ingestion.recordings.files import read_documents
resource.setrlimit(resource.RLIMIT_AS, (600 * 1024 * 1024,) * 2)
try:
    for _ in read_documents(Path(sys.argv[1])):
        pass
except PayloadFileError as error:
    print(error)
"""


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b" " * MEMBER, id="one line"),
        pytest.param(b"\n" * MEMBER, id="empty lines"),
        pytest.param((b'{"a":"' + b"x" * 247 + b'"}\n') * (MEMBER // 256), id="lines"),
        pytest.param(b"{\n" + b" " * MEMBER, id="a document over several lines"),
    ],
)
def test_a_compressed_bomb_ends_in_bounded_memory_with_a_named_error(path: Path, content: bytes):
    """Two gigabytes in a few megabytes, under a limit of 600 megabytes."""
    path.write_bytes(gzip.compress(content) * 128)
    done = subprocess.run(
        [sys.executable, "-c", READER, str(path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-500:]
    assert done.stdout.startswith(f"{path} unpacks to more than 200 times its size")


def test_what_merely_repeats_itself_is_no_bomb(path: Path):
    assert len(read(path, gzip.compress(lines(*[THING] * 20_000).encode()))) == 20_000
