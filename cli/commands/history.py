"""`echostream history`."""

import typer

from cli.context import settings_of


def history(context: typer.Context) -> None:
    """Serve Spark's history server for earlier runs, until stopped by Ctrl-C."""
    from local.servers import spark_history

    settings = settings_of(context)
    address = spark_history.address(settings)
    print(f"history of {settings.home} at {address}; Ctrl-C ends it", flush=True)
    spark_history.serve(settings)
