"""Commands whose modules are imported when they are called: to list them needs no Spark."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pkgutil import resolve_name
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup


@dataclass(frozen=True, slots=True)
class Command:
    """A command's line in the list.

    Attributes:
        name: as users type it.
        target: its function, as "module:name" below cli.commands.
        help: one sentence for the list; the function's docstring is the command's own page.
        replaced_by: the name to use instead; such a command is not listed, and says so when called.
        takes_text: whether an argument may be a text that begins with `--`, as a comment of SQL.
    """

    name: str
    target: str
    help: str
    replaced_by: str = ""
    takes_text: bool = False


class LazyCommand(TyperCommand):
    """A command in its list; its module is imported when the command is called."""

    def __init__(self, command: Command, panel: str | None = None) -> None:
        super().__init__(
            command.name,
            help=command.help,
            hidden=bool(command.replaced_by),
            rich_help_panel=panel,
        )
        self._command = command

    def make_context(
        self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any
    ) -> Any:
        """Begin a call of the function itself; typer's types of these arguments are private."""
        command = self.loaded()
        if self._command.takes_text:
            options = {option for param in command.params for option in param.opts}
            args = texts_last(args, options)
        return command.make_context(info_name, args, parent, **extra)

    def loaded(self) -> Any:
        """Return the command with its options; typer's type of it is private."""
        app = typer.Typer(add_completion=False)
        app.command(self._command.name)(resolve_name(f"cli.commands.{self._command.target}"))
        command = typer.main.get_command(app)
        command.help = _paragraphs(command.help or "")
        if self._command.replaced_by:
            command.deprecated = f"Use `{self._command.replaced_by}`"
        return command


def _paragraphs(docstring: str) -> str:
    """Return a docstring with one line per paragraph, so that the terminal's width wraps it."""
    return "\n\n".join(" ".join(part.split()) for part in docstring.split("\n\n"))


def group(name: str, help_: str, panel: str, commands: Iterable[Command]) -> TyperGroup:
    """Return a command with commands below it."""
    return TyperGroup(
        name=name,
        help=help_,
        rich_help_panel=panel,
        no_args_is_help=True,
        commands=[LazyCommand(command) for command in commands],
    )


def texts_last(args: list[str], options: Collection[str]) -> list[str]:
    """Return arguments with texts that begin with `--` behind the options, for what they are.

    Args:
        args: of a command.
        options: the names of its options.
    """
    texts = [arg for arg in args if _is_text(arg, options)]
    if not texts or "--" in args:
        return args
    return [*(arg for arg in args if arg not in texts), "--", *texts]


def _is_text(arg: str, options: Collection[str]) -> bool:
    """Tell a text from an option, whose name has no spaces, and its value only behind a `=`."""
    name = arg.partition("=")[0]
    return arg.startswith("--") and len(arg.split(None, 1)) > 1 and name not in options
