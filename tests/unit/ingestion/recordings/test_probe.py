"""A file without payloads of the platform is refused after its beginning, and named."""

import gzip
import io
import json
import random
import tarfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from foundation.errors import PayloadFileError
from ingestion.platforms import PLATFORMS
from ingestion.recordings.probe import require_payloads
from ingestion.simulators import (
    bluesky,
    facebook,
    hackernews,
    instagram,
    linkedin,
    mastodon,
    reddit,
    x,
)
from ingestion.simulators.server.scenario import ScenarioEvent
from ingestion.simulators.server.state import SimulatedPost
from tests.unit.ingestion.platforms import test_bluesky, test_reddit
from tests.unit.ingestion.platforms.test_hostile_payloads import GOOD

NOW = 1_767_300_000_123_456
MADE = SimulatedPost(10, 3, "Hello", NOW, NOW)  # a post of which nine in ten children are comments
ANSWER = SimulatedPost(11, 3, "Hello", NOW, NOW)
HAPPENED = ScenarioEvent(NOW, 12, "create", 3, "Hello")
MADE_UP: dict[str, list[Any]] = GOOD | {
    "bluesky": [test_bluesky.line(), test_bluesky.account(), test_bluesky.line("delete")],
    "reddit": [
        test_reddit.comment(),
        test_reddit.submission(),
        test_reddit.listing(test_reddit.comment()),
    ],
}
SIMULATED: dict[str, list[Any]] = {
    "bluesky": [bluesky.v1_line(HAPPENED, 1), bluesky.v2_message(HAPPENED, 1)],
    "facebook": [facebook.post_of(MADE), facebook.comment_of(ANSWER)],
    "hackernews": [hackernews.item_of(MADE), hackernews.item_of(ANSWER)],
    "instagram": [instagram.medium_of(MADE)],
    "linkedin": [linkedin.post_of(MADE), linkedin.comment_of(ANSWER)],
    "mastodon": [mastodon.status_of(MADE)],
    "reddit": [reddit.thing_of(MADE), reddit.thing_of(ANSWER)],
    "x": [x.tweet_of(MADE)],
}
DUMPS = [test_reddit.COMMENT_LINE, test_reddit.SUBMISSION_LINE]


def packed(data: bytes, suffix: str) -> bytes:
    if suffix == ".gz":
        return gzip.compress(data)
    return pa.Codec("zstd").compress(data, asbytes=True) if suffix == ".zst" else data


def lines(documents: Iterable[Any]) -> bytes:
    return b"".join(json.dumps(document).encode() + b"\n" for document in documents)


def write(folder: Path, data: bytes, suffix: str = "") -> Path:
    file = folder / f"payloads.jsonl{suffix}"
    file.write_bytes(packed(data, suffix))
    return file


def probe(name: str, file: Path) -> bool:
    return require_payloads(PLATFORMS[name], file, PLATFORMS.values())


@pytest.mark.parametrize(
    "documents",
    [
        *(pytest.param((name, MADE_UP[name]), id=name) for name in MADE_UP),
        *(pytest.param((name, SIMULATED[name]), id=f"simulated {name}") for name in SIMULATED),
        pytest.param(("reddit", DUMPS), id="dumps"),
    ],
)
def test_a_file_of_the_platform_passes_and_as_any_other_it_is_named(tmp_path, documents):
    own, held = documents
    for suffix in ("", ".gz", ".zst"):
        file = write(tmp_path, lines(held), suffix)
        assert probe(own, file)
        for other in PLATFORMS.keys() - {own}:
            with pytest.raises(PayloadFileError, match=f"payloads of {own}, not of {other}"):
                probe(other, file)


@pytest.mark.parametrize("name", MADE_UP)
def test_each_document_passes_alone_also_without_a_mark(tmp_path, name):
    for document in [*MADE_UP[name], *SIMULATED.get(name, [])]:
        probe(name, write(tmp_path, lines([document])))
        probe(name, write(tmp_path, json.dumps(document, indent=1).encode()))


def tar_of(data):
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        entry = tarfile.TarInfo("posts.jsonl")
        entry.size = len(data)
        archive.addfile(entry, io.BytesIO(data))
    return packed.getvalue()


NOISE = random.Random(12).randbytes(9_000)
TEXT = lines(MADE_UP["reddit"]).decode()
FOREIGN = {
    "noise": (NOISE, "something that is no text"),
    "a little noise": (NOISE[:150], "something that is no text"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + NOISE, r"a picture \(PNG\)"),
    "a picture without an end of a line": (b"\xff\xd8\xff" + b"\x01" * 5000, "JPEG"),
    "UTF-16": (TEXT.encode("utf-16"), "text in UTF-16,"),
    "UTF-16, little end first": (TEXT.encode("utf-16-le"), "UTF-16LE"),
    "UTF-16, big end first": (TEXT.encode("utf-16-be"), "UTF-16BE"),
    "UTF-32": (TEXT.encode("utf-32"), "text in UTF-32,"),
    "a table": (b"id,author,body\n1,a,b\n2,c,d\n", r"a table \(CSV\)"),
    "words": (b"Dear all,\nplease find the file attached.\n", "plain text"),
    "a page": (b"<!DOCTYPE html>\n<p>502\n", "a web page"),
    "packed twice": (gzip.compress(TEXT.encode()), "a gzip file inside"),
    "bzip2": (b"BZh91AY&SY" + NOISE, "a bzip2 file"),
    "xz": (b"\xfd7zXZ\x00" + NOISE, "an xz file"),
    "zip": (b"PK\x03\x04" + NOISE, "a zip file"),
    "Parquet": (b"PAR1" + NOISE, "a Parquet file"),
    "tar, which holds right lines": (tar_of((TEXT * 20).encode()), "a tar file"),
}


@pytest.mark.parametrize("what", FOREIGN)
@pytest.mark.parametrize("suffix", ["", ".gz", ".zst"])
def test_what_is_no_json_is_named_whoever_it_is_given_to(tmp_path, what, suffix):
    data, said = FOREIGN[what]
    if what == "packed twice" and not suffix:
        pytest.skip("that is a file packed once")
    file = write(tmp_path, data, suffix)
    for name in PLATFORMS:
        with pytest.raises(PayloadFileError, match=f"seems to be .*{said}.* not JSON in UTF-8"):
            probe(name, file)


def test_a_long_file_without_an_end_of_a_line_is_named_too(tmp_path, monkeypatch):
    monkeypatch.setattr("ingestion.recordings.files.MAX_DOCUMENT_BYTES", 1000)
    with pytest.raises(PayloadFileError, match="UTF-16"):
        probe("reddit", write(tmp_path, TEXT.replace("\n", " ").encode("utf-16")))


@pytest.mark.parametrize("broken", [b'{"cut', b"\x00" * 500, b"\xff\xfe", b"no", b"5"])
@pytest.mark.parametrize("name", MADE_UP)
def test_broken_lines_before_the_first_good_one_are_no_reason(tmp_path, name, broken):
    data = (broken + b"\n") * 300 + lines(MADE_UP[name])
    assert probe(name, write(tmp_path, data))
    assert probe(name, write(tmp_path, data, ".gz"))


@pytest.mark.parametrize("data", [b"", b"\n \n", b"\xef\xbb\xbf", b"[]\n"])
@pytest.mark.parametrize("suffix", ["", ".gz", ".zst"])
def test_a_file_that_holds_nothing_passes(tmp_path, data, suffix):
    for name in PLATFORMS:
        assert not probe(name, write(tmp_path, data, suffix))


@pytest.mark.parametrize(
    ("name", "detail"),
    [("reddit", "kind"), ("bluesky", "kind"), ("hackernews", "id"), ("custom", "id")],
)
def test_json_of_somebody_else_names_the_field_that_is_wrong(tmp_path, name, detail):
    with pytest.raises(PayloadFileError, match=f"first 20 documents has a right {detail}"):
        probe(name, write(tmp_path, lines([{"shop": 5, "sum": 7.5}] * 20)))


@pytest.mark.parametrize(
    "item",
    [
        {"id": 5, "type": "comment", "time": 1_714_979_289, "text": "own words", "score_of": 3},
        {"id": "5", "time": "2026-01-01", "text": "own words", "kind": "survey", "data": {}},
        {"id": "5", "time": "2026-01-01", "text": "own words", "visibility": "public"},
        {"id": "5", "deleted": True},
        {"author": "a", "deleted": True},
    ],
)
def test_own_data_may_have_fields_that_others_have(tmp_path, item):
    probe("custom", write(tmp_path, lines([item] * 3)))


def test_posts_with_an_id_and_a_text_alone_are_taken_where_nothing_speaks_against_it(tmp_path):
    bare = {"id": "17876543210987654", "text": "few words"}
    assert not probe("instagram", write(tmp_path, lines([bare] * 3)))
    assert not probe("x", write(tmp_path, lines([bare] * 3)))
    with pytest.raises(PayloadFileError, match="payloads of x"):
        probe("instagram", write(tmp_path, lines([bare] * 3 + [x.tweet_of(MADE)])))
    bare["id"] = "1787654321098765432"
    assert probe("x", write(tmp_path, lines([bare])))
    with pytest.raises(PayloadFileError, match="payloads of x"):
        probe("instagram", write(tmp_path, lines([bare])))


def test_only_the_beginning_is_read(tmp_path):
    data = gzip.compress(lines(MADE_UP["reddit"])) + gzip.compress(NOISE)[:-9]
    file = tmp_path / "cut.gz"
    file.write_bytes(data)
    assert probe("reddit", file)
    foreign = write(tmp_path, lines(SIMULATED["x"] * 1_000) + lines(MADE_UP["reddit"]))
    with pytest.raises(PayloadFileError, match="payloads of x"):
        probe("reddit", foreign)


def test_a_file_that_is_not_there_or_a_folder_is_an_error(tmp_path):
    for file in (tmp_path / "none", tmp_path):
        with pytest.raises(PayloadFileError, match="cannot read"):
            probe("reddit", file)
