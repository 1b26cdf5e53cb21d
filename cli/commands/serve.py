"""`echostream serve`."""

import typer

from cli.context import program_of, settings_of


def serve(context: typer.Context) -> None:
    """Serve the HTTP API, until stopped by Ctrl-C or SIGTERM.

    It starts two kinds of programs beside itself: `receive` sends items to Kafka, `worker` scores
    jobs.
    """
    from cli.output.quotas import quotas_of
    from foundation.logs import setup_logs
    from serving.api.server import serve as serve_api

    settings = settings_of(context)
    setup_logs(settings.home / "logs" / "api.log", settings.log_level)
    serve_api(
        settings,
        on_start=lambda address: print(f"API at {address}/v1", flush=True),
        program=program_of(context),
        quotas=quotas_of(settings),
    )
