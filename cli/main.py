"""The `echostream` command: it reads options, calls one function and prints the result."""

import sys
import traceback
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from cli.context import Options
from cli.input.signals import INTERRUPTED
from cli.output.pipe import ending_with_its_reader
from cli.table import commands
from foundation.errors import EchoStreamError

_DEBUG = "--debug"


class _AllCommands(TyperGroup):
    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        for command in commands():
            self.add_command(command)

    def make_context(self, *args: Any, **named: Any) -> Any:
        """Read the options; help is printed meanwhile. The types of typer are private."""
        with ending_with_its_reader():
            return super().make_context(*args, **named)

    def invoke(self, context: Any) -> Any:
        """Run the command."""
        with ending_with_its_reader():
            return super().invoke(context)


app = typer.Typer(
    name="echostream",
    cls=_AllCommands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="An open, self-hosted social-listening lakehouse."
    " Exit codes: 1 for errors, 2 for wrong use or settings.",
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


def main() -> None:
    """Run a command; show no stack trace without --debug."""
    try:
        app()
    except EchoStreamError as error:
        _exit(error.with_entry(), error.exit_code)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except Exception as error:  # any other: its text could quote a post, so its type alone is shown
        _exit(f"internal: {type(error).__name__}; run with {_DEBUG} to see where", 1)


def _exit(message: str, exit_code: int) -> None:
    if _DEBUG in sys.argv:
        traceback.print_exc()
    print(f"error: {' '.join(message.split())}", file=sys.stderr)
    sys.exit(exit_code)


if __name__ == "__main__":
    main()
