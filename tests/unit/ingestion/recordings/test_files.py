import gzip
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from foundation.errors import PayloadFileError
from ingestion.recordings import files as payload_files
from ingestion.recordings.files import BrokenLine, Document, read_beginning, read_documents

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
    """Two gigabytes in a file of few megabytes are read under a limit of 600 megabytes."""
    path.write_bytes(gzip.compress(content) * 128)
    done = subprocess.run(
        [sys.executable, "-c", READER, str(path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-500:]
    assert done.stdout.startswith(f"{path} unpacks to more than 200 times its size")


def test_what_merely_repeats_itself_is_no_bomb(path: Path):
    assert len(read(path, gzip.compress(lines(*[THING] * 20_000).encode()))) == 20_000


def zstandard(data: bytes) -> bytes:
    packed: bytes = pa.Codec("zstd").compress(data, asbytes=True)
    return packed


def frame(data: bytes, window_log: int) -> bytes:
    """A frame of one block that is not compressed, with a window of 2**window_log bytes."""
    block = (len(data) << 3 | 1).to_bytes(3, "little") + data
    return b"\x28\xb5\x2f\xfd\x00" + bytes([(window_log - 10) << 3]) + block


@pytest.mark.parametrize(
    "pack",
    [
        zstandard,
        lambda data: zstandard(data[:20]) + zstandard(data[20:]),
        lambda data: b"\x50\x2a\x4d\x18\x03\x00\x00\x00abc" + zstandard(data),
        lambda data: frame(data, 27),
        gzip.compress,
        lambda data: gzip.compress(data[:20]) + gzip.compress(data[20:]),
    ],
    ids=["Zstandard", "frames", "skippable frame", "large window", "gzip", "members"],
)
def test_packed_lines_are_read_whatever_the_name_says(path: Path, pack: Any):
    assert read(path, pack(lines(THING, 3, "x" * 300).encode())) == [
        Document(THING),
        Document(3),
        Document("x" * 300),
    ]
    assert read(path, pack(json.dumps(THING, indent=1).encode())) == [Document(THING)]


needs_zstd = pytest.mark.skipif(not shutil.which("zstd"), reason="needs the program zstd")


@needs_zstd
def test_a_window_of_the_dumps_is_unpacked_by_the_program(path: Path):
    wide = frame(lines(THING).encode(), 31)
    assert read(path, wide) == [Document(THING)]
    assert read(path, wide + zstandard(lines(3).encode())) == [Document(THING), Document(3)]
    assert read(path, frame(json.dumps(THING, indent=1).encode(), 31)) == [Document(THING)]
    assert read_beginning(path, 5) == b'{\n "k'


@needs_zstd
def test_what_the_program_cannot_unpack_to_the_end_names_file_and_line(path: Path):
    path.write_bytes(frame(lines(THING, 3).encode(), 31) + frame(b"{}\n", 31)[:-2])
    with pytest.raises(PayloadFileError, match=r"payloads\.jsonl after line 2: it is not whole"):
        list(read_documents(path))


def test_without_the_program_a_wide_window_is_refused_with_the_command(
    path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(PayloadFileError, match=r"zstd -d --long=31 .*payloads\.jsonl"):
        read(path, frame(lines(THING).encode(), 31))


def test_a_cut_off_zstandard_file_names_file_and_line(path: Path):
    noise = [{"n": n, "x": str(hash((n, "x")))} for n in range(20_000)]
    packed = zstandard(lines(*noise).encode())
    path.write_bytes(packed[: len(packed) // 2])
    with pytest.raises(PayloadFileError, match=r"payloads\.jsonl after line \d+"):
        list(read_documents(path))


def test_a_bomb_of_zstandard_is_named(path: Path):
    with pytest.raises(PayloadFileError, match="200 times"):
        read(path, zstandard(b"x" * MEMBER))


def test_only_so_many_bytes_of_the_beginning_are_read(path: Path):
    path.write_text(lines(*({"n": n} for n in range(1000))))
    assert len(list(read_documents(path, beginning=100))) in range(8, 13)
    assert read_beginning(path, 9) == b'{"n": 0}\n'
