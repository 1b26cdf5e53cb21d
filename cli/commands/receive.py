"""`echostream receive`."""

from pathlib import Path
from typing import Annotated

import typer

from cli.context import settings_of


def receive(
    context: typer.Context,
    socket: Annotated[
        Path | None, typer.Option(help="where to listen; default: in ECHOSTREAM_HOME/run/ingest")
    ] = None,
    until_stdin_closes: Annotated[
        bool, typer.Option("--until-stdin-closes", help="end when standard input closes")
    ] = False,
) -> None:
    """Send the items of `POST /v1/ingest` to Kafka. `echostream serve` starts this by itself.

    It is the only process of the API that reads the pseudonym key.
    """
    from cli.lake import lake_files
    from foundation.logs import setup_logs
    from ingestion.http.server import run
    from ingestion.privacy.tombstone_files import TombstoneFiles

    settings = settings_of(context)
    setup_logs(settings.home / "logs" / "receive.jsonl", settings.log_level)
    path = socket or settings.home / "run" / "ingest" / "ingest.sock"
    run(
        settings, path, TombstoneFiles(*lake_files(settings)), until_stdin_closes=until_stdin_closes
    )
