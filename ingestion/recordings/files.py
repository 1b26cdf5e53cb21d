"""Files of recorded payloads: JSON lines or one JSON document, plain, gzip or Zstandard.

Each may be wrapped as {…, "body": …}. JSON lines are read one at a time. A line that is not JSON is
passed on as broken and does not stop the rest. Unpacking is bounded, per document and against the
size of the file: a decompression bomb ends with a named error.
"""

import gzip
import io
import json
import shutil
import subprocess
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import IO, Any, NoReturn, Protocol

from foundation.errors import PayloadFileError
from ingestion.platform import Json
from schemas.epoch import to_micros

MAX_DOCUMENT_BYTES = (
    32 * 1024 * 1024
)  # of a line or a document; decoded it may take 25 times as much
_MAX_UNPACKED = 200  # times the packed bytes read so far; recordings reach 40, a bomb 1,000
_UNSUSPICIOUS = 4 * 1024 * 1024  # a small file may repeat itself
_MAX_DEPTH = 400  # of objects and arrays inside each other; Python's own limit is not far beyond
_GZIP_MAGIC = b"\x1f\x8b"
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
_ZSTD_SKIPPED = b"\x2a\x4d\x18"  # from the second byte on; some packers begin with such a frame
_SKIPPED_BITS = 0x5  # the upper half of such a frame's first byte
_ZSTD_MB = 128  # of a frame's window, beyond which Arrow unpacks none
_READ_AHEAD = 256 * 1024
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Document:
    """A payload or a whole answer, and when it was observed, if recorded; µs since 1970."""

    content: Json
    observed_at: int | None = None


@dataclass(frozen=True, slots=True)
class BrokenLine:
    """A line that is not JSON."""

    text: str


class _Stream(Protocol):
    """The part of a file that is read here."""

    def read(self, size: int, /) -> bytes: ...
    def readline(self, size: int, /) -> bytes: ...
    def seek(self, position: int, /) -> int: ...
    def close(self) -> None: ...


_Unpack = Callable[[IO[bytes]], _Stream]


def read_documents(file: Path, *, beginning: int | None = None) -> Iterator[Document | BrokenLine]:
    """Yield everything in a file, in its order.

    Args:
        file: which.
        beginning: the unpacked bytes after which no further line is read; None: read all.

    Raises:
        PayloadFileError: the file cannot be opened, is cut off, is one document that is not JSON,
            or unpacks to more than a file of payloads does.
    """
    line_number = 0
    read = 0
    try:
        with _opened(file) as stream:
            if _is_one_document(stream):
                yield _whole(file, stream)
                return
            for line in _lines(file, stream):
                line_number += 1
                read += len(line)
                if line.strip():
                    yield _document_or_broken(line)
                if beginning is not None and read >= beginning:
                    return
    except (OSError, EOFError, zlib.error) as error:
        raise _unreadable(file, line_number, error) from error


def read_beginning(file: Path, size: int) -> bytes:
    """Return a file's first bytes, unpacked.

    Raises:
        PayloadFileError: it cannot be read.
    """
    try:
        with _opened(file) as stream:
            return stream.read(size)
    except (OSError, EOFError, zlib.error) as error:
        raise _unreadable(file, 0, error) from error


def _unreadable(file: Path, line_number: int, error: Exception) -> PayloadFileError:
    cause = getattr(error, "strerror", None) or "it is not whole"
    return PayloadFileError(
        f"cannot read {file} after line {line_number}: {cause}",
        remedy="Name a file that exists and is whole",
    )


@contextmanager
def _opened(file: Path) -> Iterator[_Stream]:
    """Open the file; its first bytes, not its name, tell whether and how it is packed."""
    with file.open("rb") as plain:
        first = plain.read(len(_ZSTD_MAGIC))
    unpack = _unpacker(file, first)
    if unpack is None:
        with file.open("rb") as plain:
            yield plain
        return
    unpacked = _Unpacked(file, unpack)
    try:
        yield unpacked
    finally:
        unpacked.close()


def _unpacker(file: Path, first: bytes) -> _Unpack | None:
    """Return what unpacks a file that begins with these four bytes; None where it is plain."""
    if first.startswith(_GZIP_MAGIC):
        return lambda packed: gzip.GzipFile(fileobj=packed)
    if first == _ZSTD_MAGIC or (first[1:] == _ZSTD_SKIPPED and first[0] >> 4 == _SKIPPED_BITS):
        return _by_program(file) if _has_wide_window(file) else _by_arrow
    return None


def _by_arrow(packed: IO[bytes]) -> _Stream:
    return io.BufferedReader(_Pieces(_arrow_stream(packed).read), _READ_AHEAD)


def _arrow_stream(packed: IO[bytes]) -> Any:
    import pyarrow as pa  # noqa: PLC0415  # half a second that only such files need

    return pa.CompressedInputStream(packed, "zstd")


def _has_wide_window(file: Path) -> bool:
    """Return whether a file of Zstandard needs more memory than Arrow gives it."""
    with file.open("rb") as packed:
        try:
            _arrow_stream(packed).read(1)
        except OSError as error:
            return "too much memory" in str(error)  # Zstandard's own words
    return False


def _by_program(file: Path) -> _Unpack:
    """Return what unpacks by the program `zstd`, as the dumps of Reddit need it.

    Raises:
        PayloadFileError: the program is not there.
    """
    program = shutil.which("zstd")
    if program is None:
        raise PayloadFileError(
            f"{file} was packed with a window of more than {_ZSTD_MB} MB (zstd --long)",
            remedy=f"Install the program zstd, or unpack it with `zstd -d --long=31 {file}`"
            " elsewhere, and replay what comes out",
        )

    def unpack(packed: IO[bytes]) -> _Stream:
        process = subprocess.Popen(
            [program, "-d", "-c", "-q", "--long=31"],
            stdin=packed,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
        )

        def read(size: int) -> bytes:
            assert process.stdout is not None  # noqa: S101  # it is a pipe
            data = process.stdout.read(size)
            if not data and process.wait():
                raise EOFError
            return data

        def end() -> None:
            process.kill()
            process.communicate()

        return io.BufferedReader(_Pieces(read, end), _READ_AHEAD)

    return unpack


class _Pieces(io.RawIOBase):
    """A stream of bytes that come in pieces, as Python's own that has lines."""

    def __init__(
        self, piece: Callable[[int], bytes], end: Callable[[], None] = lambda: None
    ) -> None:
        self._piece = piece
        self._end = end

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._piece(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._end()
        super().close()


class _Unpacked:
    """A packed file that refuses to become out of all proportion."""

    def __init__(self, file: Path, unpack: _Unpack) -> None:
        self._file = file
        self._unpack = unpack
        self._start()

    def read(self, size: int) -> bytes:
        return self._checked(self._unpacked.read(size))

    def readline(self, size: int) -> bytes:
        return self._checked(self._unpacked.readline(size))

    def seek(self, position: int) -> int:
        self.close()
        self._start()
        return len(self.read(position))

    def close(self) -> None:
        self._unpacked.close()
        self._packed.close()

    def _start(self) -> None:
        self._packed = self._file.open("rb", buffering=0)  # a program reads on where this stands
        self._unpacked = self._unpack(self._packed)
        self._given = 0  # bytes since the beginning

    def _checked(self, data: bytes) -> bytes:
        self._given += len(data)
        if self._given > _UNSUSPICIOUS and self._given > _MAX_UNPACKED * self._packed.tell():
            problem = f"{self._file} unpacks to more than {_MAX_UNPACKED} times its size"
            raise PayloadFileError(
                problem, remedy="Unpack it yourself if you trust it, and replay what comes out"
            )
        return data


def _lines(file: Path, stream: _Stream) -> Iterator[bytes]:
    number = 0
    while line := stream.readline(MAX_DOCUMENT_BYTES + 1):
        number += 1
        if len(line) > MAX_DOCUMENT_BYTES:
            _refuse_size(file, number)
        yield line.removeprefix(_BOM)


def _is_one_document(stream: _Stream) -> bool:
    """Return whether a document spans several lines.

    Then the first line breaks off as JSON does, and the second is no object. A first line that is
    merely damaged is no reason to read all others as one document.
    """
    beginning = (
        line.removeprefix(_BOM).strip()
        for line in iter(lambda: stream.readline(MAX_DOCUMENT_BYTES + 1), b"")
    )
    first, second = [*islice(filter(None, beginning), 2), b"", b""][:2]
    stream.seek(0)
    if not first.startswith((b"{", b"[")) or not first.endswith((b"{", b"[", b",")):
        return False
    following = _document_or_broken(second.rstrip(b","))
    return first == b"[" or not (
        isinstance(following, Document) and isinstance(following.content, dict)
    )


def _whole(file: Path, stream: _Stream) -> Document:
    data = stream.read(MAX_DOCUMENT_BYTES + 1)
    if len(data) > MAX_DOCUMENT_BYTES:
        _refuse_size(file, 1)
    try:
        return _document(_text(data))
    except json.JSONDecodeError as error:
        problem = f"{file} is not JSON: line {error.lineno}"
    except (ValueError, RecursionError):
        problem = f"{file} is not JSON: wrong encoding, or nested too deeply"
    raise PayloadFileError(problem, remedy="Mend the file, or name another")


def _refuse_size(file: Path, number: int) -> NoReturn:
    problem = f"{file} line {number}: more than {MAX_DOCUMENT_BYTES} bytes in one document"
    raise PayloadFileError(problem, remedy="Split it: one answer per line")


def _document_or_broken(line: bytes) -> Document | BrokenLine:
    try:
        return _document(_text(line))
    except (ValueError, RecursionError):
        return BrokenLine(line.strip().decode("utf-8", "backslashreplace"))


def _text(data: bytes) -> str:
    return data.removeprefix(_BOM).decode("utf-8")


def _document(text: str) -> Document:
    # The standard library keeps integers of any size.
    value = json.loads(text, parse_constant=_refuse_constant)
    if text.count("{") + text.count("[") > _MAX_DEPTH and _is_too_deep(value):
        raise ValueError("nested too deeply")
    if (
        isinstance(value, dict)
        and "kind" not in value
        and isinstance(value.get("body"), dict | list)
    ):
        return Document(value["body"], _micros(value.get("observed_at")))
    return Document(value)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _is_too_deep(value: Json) -> bool:
    level = [value]
    for _ in range(_MAX_DEPTH):
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
    return bool(level)


def _micros(recorded: Json) -> int | None:
    """Convert a recorded time, ISO 8601 or microseconds; None where it is neither."""
    if isinstance(recorded, int) and not isinstance(recorded, bool):
        return recorded if recorded >= 0 else None
    try:
        moment = datetime.fromisoformat(recorded) if isinstance(recorded, str) else None
    except ValueError:
        return None
    if moment is None:
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0, to_micros(aware))
