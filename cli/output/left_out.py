"""Rows of a file that cannot be read: each is named by its line, and none is quoted."""

import csv
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from cli.output.row_files import appearing
from foundation.errors import TextFileError, UsageError

_SHOWN = 3
_JSON = (".jsonl", ".ndjson")


class LeftOutRows:
    """Counts the rows that are left out; the first few are kept for the error."""

    def __init__(self, write: Callable[[int, str], object], errors: Path | None = None) -> None:
        self._write = write
        self._errors = errors
        self._first: list[str] = []
        self.count = 0

    def add(self, line: int, reason: str) -> None:
        """Note a row by its line; the reason is a verb and what follows it."""
        self.count += 1
        if len(self._first) < _SHOWN:
            self._first.append(f"line {line} {reason}")
        try:
            self._write(line, reason)
        except OSError as error:
            raise TextFileError(
                f"cannot write {self._errors} ({error.strerror})", remedy="Name another file"
            ) from None

    def refuse_if_any(self, file: Path, *, read: int) -> None:
        """End a command whose other rows are done.

        Raises:
            TextFileError: a row was left out.
        """
        if not self.count:
            return
        more = f"; and {self.count - _SHOWN:,} more" if self.count > _SHOWN else ""
        list_of_all = self._errors or "--errors FILE"
        raise TextFileError(
            f"{file}: {self.count:,} of {read + self.count:,} rows are left out:"
            f" {'; '.join(self._first)}{more}",
            remedy=f"Mend these lines, or name --encoding or --delimiter; {list_of_all} lists them",
        )


@contextmanager
def left_out_rows(errors: Path | None, *others: Path | None) -> Iterator[LeftOutRows]:
    """Yield the rows that are left out, which a file lists: JSON lines by its suffix, or CSV.

    Raises:
        UsageError: the file is one of the others, which the command reads or writes.
        TextFileError: the file cannot be written.
    """
    if errors is None:
        yield LeftOutRows(lambda _line, _reason: None)
        return
    if errors.resolve() in {other.resolve() for other in others if other}:
        raise UsageError(f"{errors} has two uses", remedy="Name another file by --errors")
    with appearing(errors) as stream:
        write = _as_json(stream) if errors.suffix in _JSON else _as_csv(stream)
        yield LeftOutRows(write, errors)


def _as_json(stream: IO[str]) -> Callable[[int, str], None]:
    def write(line: int, reason: str) -> None:
        stream.write(json.dumps({"line": line, "reason": reason}) + "\n")

    return write


def _as_csv(stream: IO[str]) -> Callable[[int, str], None]:
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["line", "reason"])

    def write(line: int, reason: str) -> None:
        writer.writerow([line, reason])

    return write
