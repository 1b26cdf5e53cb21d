"""Write Delta tables with deletion vectors, which deltalake can read but not write.

The vectors are encoded here by Delta's protocol: a RoaringBitmapArray, inline in the log as Z85 or
in a file whose name is a UUID. tests/spark compares the reader with Spark's own.
"""

import json
import struct
import zlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote, unquote
from uuid import UUID, uuid4

import pyarrow as pa
import pyarrow.parquet as pq

_Z85 = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"
_ARRAY_MAGIC = 1681511377  # of a RoaringBitmapArray in its portable form
_BITMAP_MAGIC = 12346  # of a roaring bitmap without runs
_MOST_IN_LIST = 4096  # a container with more values is a bitmap
_HIVE_NULL = "__HIVE_DEFAULT_PARTITION__"
_HIVE_ESCAPED = "\"#%'*/:=?\\{[]^\x7f"


@dataclass(frozen=True)
class File:
    """A data file: its rows, its partition, and its hidden rows.

    Attributes:
        rows: without the partition columns.
        partition: by column, as the log writes values.
        hides: numbers of rows.
        told: whether the vector is inline in the log or in a file beside the data.
        stats: as the log has them, besides the number of rows.
    """

    rows: pa.Table
    partition: Mapping[str, str | None] = field(default_factory=dict)
    hides: Collection[int] = ()
    told: Literal["inline", "file"] = "inline"
    stats: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def write_table(folder: Path, columns: Mapping[str, Any], files: Sequence[File]) -> None:
    """Write version 0 of a table.

    Args:
        folder: is created.
        columns: by name, Delta's type as JSON, in the schema's order.
        files: at least one, whose partition also names the partition columns.
    """
    schema = {
        "type": "struct",
        "fields": [
            {"name": name, "type": kind, "nullable": True, "metadata": {}}
            for name, kind in columns.items()
        ],
    }
    features = ["deletionVectors"]
    actions: list[dict[str, Any]] = [
        {
            "protocol": {
                "minReaderVersion": 3,
                "minWriterVersion": 7,
                "readerFeatures": features,
                "writerFeatures": features,
            }
        },
        {
            "metaData": {
                "id": str(uuid4()),
                "format": {"provider": "parquet", "options": {}},
                "schemaString": json.dumps(schema),
                "partitionColumns": list(files[0].partition) if files else [],
                "configuration": {"delta.enableDeletionVectors": "true"},
                "createdTime": 1,
            }
        },
    ]
    commit(folder, 0, actions + [add(folder, file) for file in files])


def commit(folder: Path, version: int, actions: Sequence[Mapping[str, Any]]) -> None:
    """Write a commit."""
    log = folder / "_delta_log"
    log.mkdir(parents=True, exist_ok=True)
    said = {"commitInfo": {"timestamp": version * 1000, "operation": "WRITE"}}
    lines = [json.dumps(action) for action in (said, *actions)]
    (log / f"{version:020}.json").write_text("\n".join(lines) + "\n")


def add(folder: Path, file: File, *, path: str | None = None) -> dict[str, Any]:
    """Write a data file if it is missing, and return the action that adds it to the table.

    Args:
        folder: the table's.
        file: its content.
        path: the path of an existing file in the log, to which only a vector is added.
    """
    if path is None:
        below = [f"{name}={_escaped(value)}" for name, value in file.partition.items()]
        on_disk = "/".join([*below, f"part-{uuid4()}.parquet"])
        (folder / on_disk).parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(file.rows, folder / on_disk)
        path = quote(on_disk, safe="/=")
    action: dict[str, Any] = {
        "path": path,
        "partitionValues": dict(file.partition),
        "size": (folder / unquote(path)).stat().st_size,
        "modificationTime": 1,
        "dataChange": True,
        "stats": json.dumps({"numRecords": file.rows.num_rows} | dict(file.stats)),
    }
    if file.hides:
        action["deletionVector"] = _vector(folder, file)
    return {"add": action}


def remove(action: Mapping[str, Any]) -> dict[str, Any]:
    """Return the action that removes an added file, or its vector, from the table."""
    added = action["add"]
    removed = {
        "path": added["path"],
        "deletionTimestamp": 1,
        "dataChange": True,
        "extendedFileMetadata": True,
        "partitionValues": added["partitionValues"],
        "size": added["size"],
    }
    if "deletionVector" in added:
        removed["deletionVector"] = added["deletionVector"]
    return {"remove": removed}


def _vector(folder: Path, file: File) -> dict[str, Any]:
    bits = _bitmap_array(sorted(file.hides))
    said = {"sizeInBytes": len(bits), "cardinality": len(file.hides)}
    if file.told == "inline":
        return said | {"storageType": "i", "pathOrInlineDv": _z85(bits)}
    name = uuid4()
    _write_vector(folder / f"deletion_vector_{name}.bin", bits)
    return said | {"storageType": "u", "pathOrInlineDv": _z85(UUID(str(name)).bytes), "offset": 1}


def _write_vector(path: Path, bits: bytes) -> None:
    checksum = zlib.crc32(bits) & 0xFFFFFFFF
    path.write_bytes(b"\x01" + struct.pack(">i", len(bits)) + bits + struct.pack(">I", checksum))


def _bitmap_array(rows: Sequence[int]) -> bytes:
    return struct.pack("<IQI", _ARRAY_MAGIC, 1, 0) + _bitmap(rows)


def _bitmap(rows: Sequence[int]) -> bytes:
    """Return a 32-bit roaring bitmap, with a container for each 65,536 numbers."""
    groups: dict[int, list[int]] = {}
    for row in rows:
        groups.setdefault(row >> 16, []).append(row & 0xFFFF)
    head = struct.pack("<II", _BITMAP_MAGIC, len(groups))
    head += b"".join(struct.pack("<HH", key, len(held) - 1) for key, held in groups.items())
    bodies = [_container(held) for held in groups.values()]
    first = len(head) + 4 * len(bodies)
    starts = [first + sum(map(len, bodies[:number])) for number in range(len(bodies))]
    return head + b"".join(struct.pack("<I", start) for start in starts) + b"".join(bodies)


def _container(held: Sequence[int]) -> bytes:
    if len(held) <= _MOST_IN_LIST:
        return struct.pack(f"<{len(held)}H", *held)
    bits = bytearray(8192)
    for value in held:
        bits[value >> 3] |= 1 << (value & 7)
    return bytes(bits)


def _z85(data: bytes) -> str:
    padded = data + bytes(-len(data) % 4)
    words = (int.from_bytes(padded[at : at + 4], "big") for at in range(0, len(padded), 4))
    return "".join(_Z85[word // 85**power % 85] for word in words for power in (4, 3, 2, 1, 0))


def _escaped(value: str | None) -> str:
    """Return a partition's value as Hive names its folder."""
    if value is None:
        return _HIVE_NULL
    return "".join(f"%{ord(one):02X}" if one in _HIVE_ESCAPED else one for one in value)
