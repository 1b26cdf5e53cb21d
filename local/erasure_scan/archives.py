"""Open packed files on the way to the bytes inside, by their first bytes."""

import bz2
import io
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

_LZ4_BLOCK = b"LZ4Block"  # lz4-java's, of Spark's state stores
_LZ4_BLOCK_HEAD = 21
_STORED = 0x10
_ENCRYPTED = b"\1"  # one that may be encrypted is a piece of its own
_BETWEEN = b"\n\0\n"  # so that no text is found across two values
_XERIAL = b"\x82SNAPPY\x00"
_XERIAL_HEAD = 16
_PARQUET = b"PAR1"
_GZIP = b"\x1f\x8b"
_TAR = b"ustar"
_TAR_AT = 257
_STEP = 4096  # bytes: so much is lost at the end of what a crash has cut short


def unpacked(content: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the pieces inside: how they were packed, and their bytes; none where nothing is packed.

    A file that a crash has cut short gives what can be had of it.
    """
    if content[:4] == _PARQUET and content[-4:] == _PARQUET:
        yield from _columns(content)
        return
    for magic, name, unpack in _ARCHIVES:
        if content.startswith(magic):
            yield from ((name, piece) for piece in unpack(content))
            return
    if content[_TAR_AT:].startswith(_TAR):
        yield from (("tar", piece) for piece in _tar(content))


def is_archive(content: bytes) -> bool:
    """Tell whether `unpacked` would find anything to open."""
    known = (_PARQUET, *(magic for magic, _, _ in _ARCHIVES))
    return content.startswith(known) or content[_TAR_AT:].startswith(_TAR)


def snappy(data: bytes) -> bytes:
    """Unpack raw snappy as librdkafka's, or in the frames of Java's."""
    if not data.startswith(_XERIAL):
        return _raw_snappy(data)
    pieces = []
    at = _XERIAL_HEAD
    while at + 4 <= len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        pieces.append(_raw_snappy(data[at + 4 : at + 4 + length]))
        at += 4 + length
    return b"".join(pieces)


def lz4_frame(data: bytes) -> bytes:
    """Unpack one or more LZ4 frames."""
    return _stream(data, "lz4")


def zstd(data: bytes) -> bytes:
    """Unpack Zstandard frames."""
    return _stream(data, "zstd")


def _stream(data: bytes, codec: str) -> bytes:
    """Yield all that can be read, in steps: event logs of a killed process end in the middle."""
    pieces = []
    with pa.CompressedInputStream(pa.BufferReader(data), codec) as stream:
        try:
            while piece := stream.read(_STEP):
                pieces.append(piece)
        except OSError:
            pass
    return b"".join(pieces)


def _raw_snappy(data: bytes) -> bytes:
    size = shift = at = 0
    while True:  # the size stands in front, seven bits a byte
        byte = data[at]
        size |= (byte & 0x7F) << shift
        at = at + 1
        shift = shift + 7
        if not byte & 0x80:
            break
    return bytes(pa.Codec("snappy").decompress(data, size))


def _gzip(data: bytes) -> Iterator[bytes]:
    while data.startswith(_GZIP):
        member = zlib.decompressobj(47)
        yield member.decompress(data) + member.flush()
        data = member.unused_data


def _lz4_blocks(data: bytes) -> Iterator[bytes]:
    """Yield all in one piece, for a text may lie across two blocks."""
    pieces = []
    at = 0
    while data[at : at + len(_LZ4_BLOCK)] == _LZ4_BLOCK:
        token = data[at + 8]
        packed, size = (
            int.from_bytes(data[at + start : at + start + 4], "little") for start in (9, 13)
        )
        piece = data[at + _LZ4_BLOCK_HEAD : at + _LZ4_BLOCK_HEAD + packed]
        is_stored = token & 0xF0 == _STORED
        pieces.append(piece if is_stored else bytes(pa.Codec("lz4_raw").decompress(piece, size)))
        at += _LZ4_BLOCK_HEAD + packed
    yield b"".join(pieces)


def _zip(data: bytes) -> Iterator[bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        yield from (archive.read(name) for name in archive.namelist())


def _tar(data: bytes) -> Iterator[bytes]:
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        yield from (file.read() for member in archive if (file := archive.extractfile(member)))


def _unknown(_data: bytes) -> Iterator[bytes]:
    raise NotImplementedError


def _columns(content: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield every value of every column, however nested; the footer's statistics are not packed."""
    file = pq.ParquetFile(pa.BufferReader(content))
    for group in range(file.num_row_groups):
        for batch in file.read_row_group(group).to_batches():
            for name, column in zip(batch.schema.names, batch.columns, strict=True):
                yield from ((f"column {name}", values) for values in _values(column))


def _values(array: Any) -> Iterator[bytes]:  # a pyarrow.Array; Arrow declares no types
    kind = array.type
    if pa.types.is_dictionary(kind):
        yield from _values(array.dictionary)
    elif pa.types.is_struct(kind):
        for at in range(kind.num_fields):
            yield from _values(array.field(at))
    elif pa.types.is_map(kind):
        yield from _values(array.keys)
        yield from _values(array.items)
    elif pa.types.is_list(kind) or pa.types.is_large_list(kind):
        yield from _values(array.values)
    else:
        values = (
            [value for value in array.cast(pa.large_binary()).to_pylist() if value]
            if _is_text(kind)
            else []
        )
        yield _BETWEEN.join(values)
        yield from (value for value in values if value.startswith(_ENCRYPTED))


def _is_text(kind: Any) -> bool:
    return bool(
        pa.types.is_string(kind)
        or pa.types.is_large_string(kind)
        or pa.types.is_binary(kind)
        or pa.types.is_large_binary(kind)
    )


_ARCHIVES: tuple[tuple[bytes, str, Callable[[bytes], Iterator[bytes]]], ...] = (
    (_GZIP, "gzip", _gzip),
    (b"\x28\xb5\x2f\xfd", "zstd", lambda data: iter([zstd(data)])),
    (b"\x04\x22\x4d\x18", "lz4", lambda data: iter([lz4_frame(data)])),
    (_LZ4_BLOCK, "lz4", _lz4_blocks),
    (b"PK\x03\x04", "zip", _zip),
    (b"\xfd7zXZ\x00", "xz", lambda data: iter([lzma.decompress(data)])),
    (b"BZh", "bzip2", lambda data: iter([bz2.decompress(data)])),
    (b"7z\xbc\xaf\x27\x1c", "7z", _unknown),
)
