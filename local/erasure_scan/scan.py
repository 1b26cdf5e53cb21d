"""The search itself: places, files, and what was found where."""

import lzma
import tarfile
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from pyarrow import fs

from local.erasure_scan.archives import is_archive, unpacked
from local.erasure_scan.encrypted import Decryptor
from local.erasure_scan.kafka_segments import is_segment, record_bytes
from local.erasure_scan.search_terms import SearchTerms

_DEEPEST = 4  # packed in packed
# Errors of files that are damaged or packed in an unknown way.
_UNREADABLE = (
    ValueError,
    OSError,
    EOFError,
    LookupError,
    NotImplementedError,
    zipfile.BadZipFile,
    tarfile.TarError,
    lzma.LZMAError,
    zlib.error,
)


@dataclass(frozen=True, slots=True)
class Location:
    """A folder on one of Arrow's file systems, which may be missing; `name` is for reports."""

    name: str
    files: Any  # a pyarrow.fs.FileSystem; Arrow declares no types
    root: str


@dataclass(frozen=True, slots=True)
class Finding:
    """A text, by its number, that is still there."""

    area: str
    file: str
    where: str
    number: int


@dataclass(slots=True)
class Report:
    """Files and bytes by area, and the findings; of `unread` files nothing is proven."""

    files: Counter[str] = field(default_factory=Counter)
    read_bytes: Counter[str] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        """Nothing was found, and nothing was left out."""
        return not self.findings and not self.unread


def verify(locations: Sequence[Location], terms: SearchTerms, decryptor: Decryptor) -> Report:
    """Search all files of all places; a file that vanishes meanwhile is no finding."""
    report = Report()
    seen = set[str]()
    for location in locations:
        for path in _paths(location):
            name = path.removeprefix(location.root).lstrip("/")
            if path in seen:
                continue
            seen.add(path)
            area = _area(location.name, name)
            try:
                with location.files.open_input_file(path) as file:
                    content = bytes(file.read())
            except FileNotFoundError:
                continue
            report.files[area] += 1
            try:
                _search(report, Finding(area, name, "as it is", 0), content, terms, decryptor)
            except _UNREADABLE:
                report.unread.append(f"{location.name}/{name}")
    return report


def _search(
    report: Report, at: Finding, content: bytes, terms: SearchTerms, decryptor: Decryptor
) -> None:
    hits: set[tuple[str, int]] = set()
    try:
        for where, piece in _pieces(content, decryptor, at.where):
            report.read_bytes[at.area] += len(piece)
            hits |= {(where, number) for number in terms.found_in(piece)}
    finally:
        report.findings += [
            Finding(at.area, at.file, where, number) for where, number in sorted(hits)
        ]


def _pieces(
    content: bytes, decryptor: Decryptor, where: str, depth: int = 0
) -> Iterator[tuple[str, bytes]]:
    """Yield the content and all that is packed in it; what is packed too deep is unread."""
    yield where, content
    if depth == _DEEPEST:
        if is_archive(content):
            raise ValueError
        return
    if (clear := decryptor.decrypt(content)) is not None:
        yield from _pieces(clear, decryptor, f"{where}, encrypted", depth + 1)
    if is_segment(content):
        for offset, records in record_bytes(content):
            yield f"batch at offset {offset}", records
    # Also where that looked like a segment: one byte says it, and any file may have it there.
    for kind, piece in unpacked(content):
        yield from _pieces(piece, decryptor, kind, depth + 1)


def _paths(location: Location) -> list[str]:
    infos = location.files.get_file_info(
        fs.FileSelector(location.root, recursive=True, allow_not_found=True)
    )
    return sorted(info.path for info in infos if info.is_file)


def _area(location: str, name: str) -> str:
    """Return the first folder, and of a table whether it is its log."""
    parts = name.split("/")
    if "_delta_log" in parts:
        return f"{location} logs of tables"
    return f"{location} {parts[0]}" if len(parts) > 1 else location
