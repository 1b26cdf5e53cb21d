"""verify-erasure finds a canary in any place and packing, and calls a clean place clean."""

import base64
import bz2
import gzip
import html
import io
import json
import lzma
import struct
import tarfile
import zlib

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import fs

from foundation.errors import UsageError
from foundation.secret_keys import SecretKey
from local.erasure_scan.encrypted import Decryptor
from local.erasure_scan.scan import Location, verify
from local.erasure_scan.search_terms import SearchTerms
from transforms.payloads import At, encrypt

CANARY = 'kanari-ő"7f3a'
OTHER = "somebody else entirely"
KEY = SecretKey(1, bytes(range(32)))


def search(folder, *texts, keys=()):
    location = Location("home", fs.LocalFileSystem(), str(folder))
    return verify([location], SearchTerms(texts or (CANARY,)), Decryptor(keys))


def put(folder, name, content):
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    return file


def segment(records, codec=0, offset=7):
    """Return a Kafka segment of one batch in the documented format 2, followed by zeros."""
    head = struct.pack(
        ">qiibIhiqqqhii", offset, 49 + len(records), 0, 2, 0, codec, 0, 0, 0, -1, -1, -1, 1
    )
    return head + records + bytes(100)


def lz4_block(plain):
    packed = bytes(pa.Codec("lz4_raw").compress(plain))
    return b"LZ4Block" + bytes([0x26]) + struct.pack("<iii", len(packed), len(plain), 0) + packed


SPELT = {
    "plain": CANARY.encode(),
    "json": json.dumps({"text": f"a {CANARY}"}).encode(),
    "json in json": json.dumps({"raw": json.dumps({"text": CANARY})}).encode(),
    "json in json, not ascii": json.dumps(
        {"raw": json.dumps({"t": CANARY}, ensure_ascii=False)}, ensure_ascii=False
    ).encode(),
    "utf-16": CANARY.encode("utf-16-be"),
    "url": b"https://example.org/?q=kanari-%C5%91%227f3a&x",
    "html in json": json.dumps({"raw": json.dumps({"content": html.escape(CANARY)})}).encode(),
    "json in json, ascii inside alone": json.dumps(
        {"raw": json.dumps({"t": CANARY})}, ensure_ascii=False
    ).encode(),
    "json in json, ascii outside alone": json.dumps(
        {"raw": json.dumps({"t": CANARY}, ensure_ascii=False)}
    ).encode(),
    **{
        f"base64 from {at}": base64.b64encode(b"xyz"[:at] + CANARY.encode() + b"more")
        for at in range(3)
    },
}


@pytest.mark.parametrize("spelt", SPELT)
def test_found_however_it_is_spelt(tmp_path, spelt):
    put(tmp_path, "logs/a.log", b"before " + SPELT[spelt] + b" after")
    (found,) = search(tmp_path).findings
    assert (found.area, found.file, found.number) == ("home logs", "logs/a.log", 1)


def tar(name, content):
    """Return an archive such as a backup makes."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        about = tarfile.TarInfo(name)
        about.size = len(content)
        archive.addfile(about, io.BytesIO(content))
    return made.getvalue()


PACKED = {
    "tar.gz": gzip.compress(tar("lake/a.gz", gzip.compress(CANARY.encode() * 9))),
    "xz": lzma.compress(CANARY.encode() * 9),
    "bzip2": bz2.compress(CANARY.encode() * 9),
    "lz4 blocks of a spill": lz4_block(b"spilt " * 99 + CANARY.encode()[:6])
    + lz4_block(CANARY.encode()[6:] * 2),
    "gzip": gzip.compress(b"a " * 999 + CANARY.encode()),
    "gzip of two members": gzip.compress(OTHER.encode()) + gzip.compress(CANARY.encode() * 9),
    "zstd": bytes(pa.compress(CANARY.encode() * 9, codec="zstd", asbytes=True)),
    "lz4 block of a state store": lz4_block(b"state " * 99 + CANARY.encode() * 3),
    "gzip in gzip": gzip.compress(gzip.compress(CANARY.encode() * 20)),
    "kafka": segment(b"record " + CANARY.encode()),
    "kafka, gzip": segment(gzip.compress(b"record " * 99 + CANARY.encode()), 1),
    "kafka, snappy": segment(
        bytes(pa.Codec("snappy").compress(b"record " * 99 + CANARY.encode())), 2
    ),
    "kafka, zstd": segment(bytes(pa.Codec("zstd").compress(b"record " * 99 + CANARY.encode())), 4),
}


@pytest.mark.parametrize("packed", PACKED)
def test_found_however_it_is_packed(tmp_path, packed):
    put(tmp_path, "data/x-0/00000000000000000000.log", PACKED[packed])
    report = search(tmp_path)
    assert {found.number for found in report.findings} == {1}
    assert not report.is_clean


def test_found_in_snappy_in_the_frames_of_java_and_in_lz4_frames(tmp_path):
    plain = b"record " * 99 + CANARY.encode()
    raw = bytes(pa.Codec("snappy").compress(plain))
    put(
        tmp_path,
        "a/1.log",
        segment(b"\x82SNAPPY\0" + bytes(8) + len(raw).to_bytes(4, "big") + raw, 2),
    )
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "lz4") as out:
        out.write(plain)
    put(tmp_path, "a/2.log", segment(bytes(sink.getvalue()), 3))
    assert {found.file for found in search(tmp_path).findings} == {"a/1.log", "a/2.log"}


def table_with(value):
    headers = pa.map_(pa.string(), pa.binary())
    return {
        "string": pa.table({"a": [OTHER, value]}),
        "binary": pa.table({"a": [b"x", value.encode()]}),
        "dictionary": pa.table({"a": pa.array([OTHER, value] * 50).dictionary_encode()}),
        "list": pa.table({"a": [[OTHER], [value]]}),
        "struct": pa.table({"a": [{"b": {"c": value}}]}),
        "map": pa.table({"a": pa.array([[("post_key", value.encode())]], headers)}),
    }


@pytest.mark.parametrize("kind", table_with(CANARY))
@pytest.mark.parametrize("codec", ["snappy", "zstd", "gzip"])
def test_found_in_a_column_of_any_kind_and_not_beside_it(tmp_path, kind, codec):
    for name, value in (("with", CANARY), ("without", "nobody at all")):
        folder = tmp_path / name / "lake"
        folder.mkdir(parents=True)
        pq.write_table(
            table_with(value)[kind],
            folder / "part.parquet",
            compression=codec,
            write_statistics=False,
        )
    found = search(tmp_path / "with").findings
    assert ("column a", 1) in {(each.where, each.number) for each in found}
    assert search(tmp_path / "without").is_clean


def test_statistics_in_a_footer_are_found(tmp_path):
    pq.write_table(pa.table({"a": [CANARY]}), tmp_path / "part.parquet")
    assert {found.where for found in search(tmp_path).findings} >= {"as it is", "column a"}


def test_a_text_is_not_found_across_two_values(tmp_path):
    pq.write_table(pa.table({"a": [CANARY[:7], CANARY[7:]]}), tmp_path / "part.parquet")
    assert search(tmp_path).is_clean


def test_encrypted_payloads_are_decrypted_and_without_the_key_nothing_is_called_clean(tmp_path):
    encrypted = encrypt(json.dumps({"text": CANARY}).encode(), KEY, At("social.x.posts.v1", 0, 3))
    pq.write_table(pa.table({"value": [b"{}", encrypted]}), tmp_path / "part.parquet")
    (found,) = search(tmp_path, keys=[(KEY.key_id, KEY.secret)]).findings
    assert found.where == "column value, encrypted"
    report = search(tmp_path)
    assert not report.findings
    assert report.unread == ["home/part.parquet"]
    assert not report.is_clean


def test_what_cannot_be_opened_is_said_and_not_called_clean(tmp_path):
    put(tmp_path, "part.parquet", b"PAR1 no such thing PAR1")
    report = search(tmp_path)
    assert report.unread == ["home/part.parquet"]
    assert not report.is_clean


def test_a_clean_place_is_clean_and_says_what_was_read(tmp_path):
    put(tmp_path, "lake/bronze/posts/_delta_log/0.json", b"{}")
    put(tmp_path, "logs/run.jsonl", OTHER.encode() * 9)
    put(tmp_path, "data/x-0/0.log", segment(gzip.compress(OTHER.encode()), 1))
    put(tmp_path, "cut.gz", gzip.compress(zlib.compress(OTHER.encode()))[:-9])
    report = search(tmp_path)
    assert report.is_clean
    assert report.files == {"home logs of tables": 1, "home logs": 1, "home data": 1, "home": 1}
    assert all(report.read_bytes.values())


def test_a_table_that_looks_like_a_segment_is_opened_too(tmp_path):
    """One byte decides which it is, and page checksums may put any byte there."""
    for number in range(10_000):
        sink = pa.BufferOutputStream()
        table = pa.table(
            {"topic": [f"social.{number}.posts.v1"] * 9, "value": [CANARY.encode()] * 9}
        )
        pq.write_table(
            table, sink, compression="zstd", write_page_checksum=True, write_statistics=False
        )
        content = bytes(sink.getvalue())
        if content[16] == 2:
            break
    put(tmp_path, "lake/quarantine/part.parquet", content)
    assert "column value" in {found.where for found in search(tmp_path).findings}


def test_what_is_packed_too_deep_or_as_nobody_knows_is_not_called_clean(tmp_path):
    content = OTHER.encode() * 9
    for _ in range(6):
        content = gzip.compress(content)
    put(tmp_path, "deep.gz", content)
    put(tmp_path, "backup.7z", b"7z\xbc\xaf\x27\x1c" + bytes(50))
    assert sorted(search(tmp_path).unread) == ["home/backup.7z", "home/deep.gz"]


@pytest.mark.parametrize("texts", [(), ("short",)])
def test_a_search_for_nothing_is_refused(texts):
    with pytest.raises(UsageError):
        SearchTerms(texts)
