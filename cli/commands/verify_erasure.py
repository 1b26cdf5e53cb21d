"""`echostream verify-erasure`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.context import settings_of
from cli.input.plain_text import read_text
from cli.lake import lake_files
from foundation.errors import UsageError

if TYPE_CHECKING:
    from foundation.settings import Settings


def verify_erasure(
    context: typer.Context,
    canaries: Annotated[Path, typer.Argument(help="a file with one text per line; - reads stdin")],
    besides: Annotated[
        list[Path] | None, typer.Option(help="another folder to search, such as backups")
    ] = None,
) -> None:
    """Search every stored byte for texts that must be deleted; the exit code is 1 if one is found.

    The search covers tables with their old files and logs, checkpoints, landing files, Kafka's
    segments, the producers' memory and logs. It unpacks archives and decrypts payloads. A finding
    gives the line of its text, never the text.
    """
    # Help and refusals wait neither for pyarrow nor for numpy.
    from pyarrow import fs

    from foundation.key_sources import payload_source
    from local.erasure_scan.encrypted import Decryptor
    from local.erasure_scan.scan import Location, verify
    from local.erasure_scan.search_terms import SearchTerms

    settings = settings_of(context)
    terms = SearchTerms([line for line in read_text(canaries).splitlines() if line.strip()])
    local = fs.LocalFileSystem()
    locations = [Location("home", local, str(settings.home))]
    if settings.lake:
        locations.append(Location("lake", *lake_files(settings)))
    for folder in besides or ():
        if not folder.is_dir():
            raise UsageError(
                f"{folder} is no folder", remedy="Name the folder that a backup lies in"
            )
        locations.append(Location("besides", local, str(folder.absolute())))
    has_key = settings.payloads.encrypt or settings.payload_key_file.exists()
    keys = payload_source(settings).newest() if has_key else ()
    report = verify(locations, terms, Decryptor((key.key_id, key.secret) for key in keys))
    for area, files in sorted(report.files.items()):
        print(f"{area}: {files:,} files, {report.read_bytes[area]:,} bytes unpacked")
    for finding in report.findings:
        print(f"found: text {finding.number} in {finding.file} ({finding.where})")
    for name in report.unread:
        print(f"not read: {name}")
    for name in _elsewhere(settings):
        print(f"not searched: {name}")
    if not report.is_clean:
        raise typer.Exit(1)
    print("nothing found")


def _elsewhere(settings: "Settings") -> list[str]:
    """Return the stores of texts that this command cannot read."""
    stores = []
    if settings.kafka.bootstrap_servers:
        stores.append("Kafka's segments, which the broker of kafka.bootstrap_servers keeps")
    if settings.ingest.store:
        stores.append("the producers' memory, which the server of ingest.store keeps")
    return stores
