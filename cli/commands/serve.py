"""`echostream serve`."""

import typer

from cli.context import settings_of
from foundation.logs import setup_logs
from serving.api.server import serve as serve_api


def serve(context: typer.Context) -> None:
    """Serve the HTTP API, until stopped by Ctrl-C or SIGTERM."""
    settings = settings_of(context)
    setup_logs(settings.home / "logs" / "api.log", settings.log_level)
    serve_api(settings, on_start=lambda address: print(f"API at {address}/v1", flush=True))
