"""Kafka's segments: record batches of format 2, with what is compressed in them undone.

https://kafka.apache.org/documentation/#recordbatch
"""

import struct
import zlib
from collections.abc import Iterator

from local.erasure_scan.archives import lz4_frame, snappy, zstd

_HEAD = struct.Struct(">qiibIhiqqqhii")  # base offset … number of records: 61 bytes
_LENGTH_AT = 8
_BEFORE_LENGTH = 12
_MAGIC = 2
_CODECS = {1: lambda data: zlib.decompress(data, 47), 2: snappy, 3: lz4_frame, 4: zstd}
_CODEC_BITS = 0x07


def is_segment(content: bytes) -> bool:
    """Tell whether it begins with a record batch."""
    return len(content) >= _HEAD.size and _HEAD.unpack_from(content)[3] == _MAGIC


def record_bytes(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield each batch's first offset and its decompressed records, while batches are whole."""
    at = 0
    while at + _HEAD.size <= len(content):
        head = _HEAD.unpack_from(content, at)
        end = at + _BEFORE_LENGTH + head[1]
        if head[3] != _MAGIC or head[1] < _HEAD.size - _BEFORE_LENGTH or end > len(content):
            return  # preallocated zeros, or a batch that a crash has cut short
        records = bytes(content[at + _HEAD.size : end])
        codec = head[5] & _CODEC_BITS
        yield head[0], _CODECS[codec](records) if codec else records
        at = end
