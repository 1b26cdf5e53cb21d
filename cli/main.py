"""The `echostream` command: it reads options, calls one function and prints the result."""

import os
import re
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException

from cli.context import Options
from cli.input.signals import INTERRUPTED
from cli.output import standard
from cli.output.pipe import UNREAD, ending_with_its_reader
from cli.table import commands
from foundation.errors import EchoStreamError, UsageError
from foundation.os_errors import told

_DEBUG = "--debug"
_NO_WORDS = "NoArgsIsHelpError"  # that of typer which shows the help
# Else pydantic, which reads options, looks into each package of the environment for plugins.
_WITHOUT_PLUGINS = ("PYDANTIC_DISABLE_PLUGINS", "__all__")
_LINE_ENDS = re.compile(r"\s*[\r\n]\s*")


class _AllCommands(TyperGroup):
    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        for command in commands():
            self.add_command(command)

    def make_context(self, *args: Any, **named: Any) -> Any:
        """Read the options; help is printed meanwhile. The types of typer are private."""
        with ending_with_its_reader(), _in_one_line():
            return super().make_context(*args, **named)

    def invoke(self, context: Any) -> Any:
        """Run the command."""
        with ending_with_its_reader(), _in_one_line():
            return super().invoke(context)


@contextmanager
def _in_one_line() -> Iterator[None]:
    """Raise typer's errors about wrong use as ours: its frames take longer than all the rest."""
    try:
        yield
    except TyperException as error:
        if error.exit_code != UsageError.exit_code or type(error).__name__ == _NO_WORDS:
            raise
        context = getattr(error, "ctx", None)
        command = context.command_path if context else "echostream"
        raise UsageError(
            error.format_message().rstrip("."), remedy=f"`{command} --help` lists what there is"
        ) from None


app = typer.Typer(
    name="echostream",
    cls=_AllCommands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Collect public posts, remove personal data, score sentiment, and ask the results in SQL."
    "\n\nBegin with `doctor`, `up`, `generate`, `run --available-now` and `sql`:"
    " docs/start/quickstart.md. `echostream COMMAND --help` has the options of a command."
    "\n\nExit codes: 0 done, 1 the work failed, 2 wrong use or settings. An error ends with the"
    " name of its entry in docs/operate/runbook.md.",
)


@app.callback()
def _options(
    context: typer.Context,
    conf_file: Annotated[
        Path | None, typer.Option(help="a file of settings instead of conf/local.toml")
    ] = None,
    home: Annotated[
        str | None,  # an empty one is refused, which a path would turn into the working directory
        typer.Option(
            metavar="PATH", help="the folder of all local state; default: ECHOSTREAM_HOME, else var"
        ),
    ] = None,
    debug: Annotated[bool, typer.Option(_DEBUG, help="show the stack trace of an error")] = False,
) -> None:
    context.obj = Options(conf_file, home, debug)


def main() -> None:
    """Run a command; show no stack trace without --debug."""
    standard.prepare()
    os.environ.setdefault(*_WITHOUT_PLUGINS)
    try:
        _run()
    except EchoStreamError as error:
        _exit(error.with_entry(), error.exit_code)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except Exception as error:
        if isinstance(error, BrokenPipeError) and standard.is_of_output(error):
            standard.drop(sys.stdout)  # whoever read it has enough
            sys.exit(UNREAD)
        _exit(told(error), 1)


def _run() -> None:
    try:
        app()
    except SystemExit:
        sys.stdout.flush()  # here, where its error can still be told
        raise


def _exit(message: str, exit_code: int) -> None:
    standard.flush_or_drop()
    if _DEBUG in sys.argv:
        standard.print_error(traceback.format_exc().rstrip())
    standard.print_error(f"error: {_LINE_ENDS.sub(' ', message)}")
    sys.exit(exit_code)


if __name__ == "__main__":
    main()
