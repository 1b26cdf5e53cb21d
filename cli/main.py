"""The `echostream` command: thin, every line of work is elsewhere.

Commands load what they need when they are called: `echostream sql` must not wait for Spark's
    libraries.
"""

import sys
import traceback
from pathlib import Path
from typing import Annotated

import typer

from cli.commands import (
    calibrate,
    erasure,
    export,
    ingest,
    keys,
    ledger,
    replay,
    rescore,
    retain,
    run,
    score,
    scrub,
    sql,
    stack,
    tables,
    train,
)
from cli.context import Options
from foundation.errors import EchoStreamError

_DEBUG = "--debug"
_INTERRUPTED = 130

app = typer.Typer(
    name="echostream",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="An open, self-hosted social-listening lakehouse. Errors end with 1, wrong use or settings with 2.",
)


@app.callback()
def _options(
    context: typer.Context,
    conf_file: Annotated[
        Path | None, typer.Option(help="settings instead of conf/local.toml")
    ] = None,
    home: Annotated[
        Path | None, typer.Option(help="the folder of all local state, ECHOSTREAM_HOME")
    ] = None,
    debug: Annotated[bool, typer.Option(_DEBUG, help="show stack traces")] = False,
) -> None:
    context.obj = Options(conf_file, home, debug)


for _command in (stack.up, stack.down, stack.status, stack.history, stack.doctor):
    app.command(rich_help_panel="Local stack")(_command)
app.add_typer(keys.keys, name="keys", rich_help_panel="Local stack")
app.command(rich_help_panel="Posts into Kafka")(replay.replay)
app.command(rich_help_panel="Posts into Kafka")(replay.generate)
app.command(rich_help_panel="Posts into Kafka")(ingest.ingest)
app.command(rich_help_panel="Posts into Kafka")(ingest.sweep)
app.command(rich_help_panel="Posts into Kafka")(ingest.fetch)
app.command(rich_help_panel="Posts into Kafka")(ingest.load)
app.command(rich_help_panel="Posts into Kafka")(ingest.simulate)
app.command(rich_help_panel="Posts into Kafka")(ledger.ledger)
app.command(rich_help_panel="Kafka to Gold")(run.run)
app.add_typer(run.checkpoint, name="checkpoint", rich_help_panel="Kafka to Gold")
app.command(rich_help_panel="Tables, while the streams are stopped")(tables.rebuild)
app.command(rich_help_panel="Tables, while the streams are stopped")(tables.replay_quarantine)
app.command(rich_help_panel="Tables, while the streams are stopped")(tables.compact)
app.command(rich_help_panel="Tables, while the streams are stopped")(retain.retain)
app.command(rich_help_panel="Tables, while the streams are stopped")(rescore.rescore)
app.command(rich_help_panel="Deletion")(erasure.erase)
app.command(rich_help_panel="Deletion")(erasure.receipts)
app.command(rich_help_panel="Deletion")(erasure.verify_erasure)
app.command(rich_help_panel="Questions")(sql.sql)
app.command(rich_help_panel="Questions")(sql.payload)
app.command(rich_help_panel="Questions")(scrub.scrub)
app.command(rich_help_panel="Rights of persons")(export.export)
app.command(rich_help_panel="Rights of persons")(export.ropa)
app.command(rich_help_panel="Sentiment")(score.score)
app.command(rich_help_panel="Sentiment")(train.train)
app.command(rich_help_panel="Sentiment")(calibrate.calibrate)


def main() -> None:
    """Run a command; no stack trace without --debug."""
    try:
        app()
    except EchoStreamError as error:
        _say(str(error), error.exit_code)
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)
    except (
        Exception
    ) as error:  # the last resort: its text could quote a post, so only its type is said
        _say(f"internal: {type(error).__name__}; run with {_DEBUG} to see where", 1)


def _say(what: str, exit_code: int) -> None:
    if _DEBUG in sys.argv:
        traceback.print_exc()
    print(f"error: {' '.join(what.split())}", file=sys.stderr)
    sys.exit(exit_code)


if __name__ == "__main__":
    main()
