"""`echostream erase`, `receipts`, `verify-erasure`: deletion on request, and its proof."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from cli.options import settings_of
from foundation.errors import UsageError


def verify_erasure(
    context: typer.Context,
    canaries: Annotated[Path, typer.Argument(help="one text per line that must be nowhere; - reads them from stdin")],
    besides: Annotated[list[Path] | None, typer.Option(help="another folder to search, such as backups")] = None,
) -> None:
    """Search every byte that the system keeps for texts that must be gone; ends with 1 where one is found.

    Tables with what they have replaced, their logs, checkpoints, landing files, Kafka's segments, the producers'
    memory, logs: unpacked, and opened where they are sealed. A finding names its text by its line.
    """
    from pyarrow import fs  # noqa: PLC0415  # half a second

    from foundation.key_sources import payload_place  # noqa: PLC0415
    from local.scanning.needles import Needles  # noqa: PLC0415
    from local.scanning.sealed import Opener  # noqa: PLC0415
    from local.scanning.verify import Place, verify  # noqa: PLC0415

    settings = settings_of(context)
    lines = sys.stdin.read() if str(canaries) == "-" else _text_of(canaries)
    needles = Needles([line for line in lines.splitlines() if line.strip()])
    local = fs.LocalFileSystem()
    places = [Place("home", local, str(settings.home))]
    if settings.is_on_s3:
        from lakehouse.s3 import arrow_files  # noqa: PLC0415

        places.append(Place("lake", arrow_files(settings.s3), settings.lake_uri.partition("://")[2]))
    elif settings.lake:
        places.append(Place("lake", local, settings.lake_uri))
    places += [Place("besides", local, str(folder)) for folder in besides or ()]
    has_key = settings.payloads.encrypt or settings.payload_key_file.exists()
    keys = payload_place(settings).newest() if has_key else ()
    report = verify(places, needles, Opener((key.key_id, key.secret) for key in keys))
    for area, files in sorted(report.files.items()):
        print(f"{area}: {files:,} files, {report.read_bytes[area]:,} bytes unpacked")
    for found in report.findings:
        print(f"found: text {found.number} in {found.file} ({found.where})")
    for name in report.unread:
        print(f"not read: {name}")
    if not report.is_clean:
        raise typer.Exit(1)
    print("nothing found")


def _text_of(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise UsageError(f"{file} cannot be read", remedy="It must be text in UTF-8, one canary per line") from None
