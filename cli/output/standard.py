"""The standard streams: standard output names itself in errors, and a closed stream is empty."""

import io
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_OUT = "standard output"


class _Output(io.FileIO):
    """Standard output, which names itself in errors of the operating system."""

    def write(self, data: "ReadableBuffer", /) -> int:
        try:
            return super().write(data)
        except OSError as error:
            error.filename = _OUT
            raise


def prepare() -> None:
    """Let errors of standard output say that they are its own; replace streams that are closed."""
    if sys.stdin is None:
        sys.stdin = Path(os.devnull).open(encoding="utf-8")  # noqa: SIM115  # as long as we run
    if sys.stdout is None:
        sys.stdout = _nowhere()
    if sys.stderr is None:
        sys.stderr = _nowhere()
    if sys.stdout is not sys.__stdout__ or not isinstance(sys.stdout, io.TextIOWrapper):
        return  # a test's
    raw = _Output(sys.stdout.fileno(), "wb", closefd=False)
    is_unbuffered = sys.stdout.write_through
    binary: Any = raw if is_unbuffered else io.BufferedWriter(raw)
    sys.stdout = io.TextIOWrapper(
        binary,
        encoding=sys.stdout.encoding,
        errors=sys.stdout.errors,
        line_buffering=sys.stdout.line_buffering,
        write_through=is_unbuffered,
    )


def is_of_output(error: OSError) -> bool:
    """Tell whether an error is standard output's own."""
    return bool(error.filename == _OUT)


def flush_or_drop() -> None:
    """Write what is left in standard output's buffer, or drop it where it cannot be written."""
    try:
        sys.stdout.flush()
    except OSError:
        drop(sys.stdout)


def print_error(line: str) -> None:
    """Print a line to standard error, where that can be written."""
    try:
        print(line, file=sys.stderr, flush=True)
    except OSError:
        drop(sys.stderr)


def drop(stream: TextIO) -> None:
    """Let whatever a stream still holds go nowhere, so that the interpreter's end is quiet."""
    with suppress(OSError, ValueError):  # a test's has no number
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def _nowhere() -> TextIO:
    return Path(os.devnull).open("w", encoding="utf-8")
